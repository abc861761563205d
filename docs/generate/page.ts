import type { Component, NamedType, Property } from "./readComponent";
import { argumentComment } from "./sentences";

const NOTICE = "<!-- Generated from the doc comments by `npm run docs`. Change those, not this page. -->";

/** The types on a page, by name. */
type Types = ReadonlyMap<string, NamedType>;

/** The page of one component, in Markdown. */
export function componentPage(component: Component): string {
  const local: Types = new Map(component.types.map((type) => [type.name, type]));
  return `${[
    NOTICE,
    `# ${component.name}`,
    component.comment,
    `Type token \`${component.token}\`, source [${component.path}](../../${component.path}).`,
    ...argumentsSection(component, local),
    ...section("Outputs", outputsTable(component.outputs, local)),
    ...section(
      "Methods",
      component.methods.map(({ signature, comment }) => `### \`${signature}\`\n\n${comment}`).join("\n\n"),
    ),
    ...section("Children", childrenTable(component.children)),
    ...component.types.flatMap((type) => [`## ${type.name}`, type.comment, typeTable(type, local)]),
  ].join("\n\n")}\n`;
}

/** The list of all pages. */
export function indexPage(components: readonly Component[]): string {
  const rows = components.map(({ name, comment }) => [`[${name}](${name}.md)`, firstSentence(comment)]);
  return `${[
    NOTICE,
    "# Components",
    table(["component", "what it is"], rows),
    "What every argument is when it is left out: [defaults](../defaults.md).",
  ].join("\n\n")}\n`;
}

function argumentsSection(component: Component, local: Types): string[] {
  if (component.arguments.length === 0) return [];
  return [
    "## Arguments",
    "The last column says what is made again when the argument changes; with a dash in it, at most grants are: the new one first, the old one deleted last.",
    argumentsTable(component.arguments, local),
  ];
}

function argumentsTable(properties: readonly Property[], local: Types): string {
  const rows = properties.map(({ name, type, optional, comment }) => {
    const { meaning, default: value, changing } = argumentComment(comment);
    return [
      `\`${name}\``,
      linked(type, local),
      value ?? (optional ? absent(type, local) : "required"),
      meaning,
      changing ?? "–",
    ];
  });
  return table(["argument", "type", "default", "meaning", "changing it"], rows);
}

/** Nested arguments, and what comes back: without the columns that say nothing about it. */
function propertiesTable(properties: readonly Property[], local: Types): string {
  const rows = properties.map((property) => ({ ...property, ...argumentComment(property.comment) }));
  const hasDefaults = rows.some((row) => row.optional);
  const hasChanges = rows.some((row) => row.changing !== undefined);
  const pick = <T>(first: T[], defaults: T, meaning: T, changing: T) => [
    ...first,
    ...(hasDefaults ? [defaults] : []),
    meaning,
    ...(hasChanges ? [changing] : []),
  ];
  return table(
    pick(["property", "type"], "default", "meaning", "changing it"),
    rows.map((row) =>
      pick(
        [`\`${row.name}\``, linked(row.type, local)],
        row.default ?? (row.optional ? "none" : "required"),
        row.meaning,
        row.changing ?? "–",
      ),
    ),
  );
}

function outputsTable(properties: readonly Property[], local: Types): string {
  const rows = properties.map(({ name, type, comment }) => [
    `\`${name}\``,
    linked(type, local),
    oneLine(comment),
  ]);
  return rows.length === 0 ? "" : table(["output", "type", "meaning"], rows);
}

/** A child's comment begins with its logical name, in which NAME is the component's. */
function childrenTable(properties: readonly Property[]): string {
  if (properties.length === 0) return "";
  const rows = properties.map(({ name, type, optional, comment }) => {
    const [, logicalName = "", meaning = comment] = /^(`[^`]*NAME[^`]*`)[.,:]?\s*(.*)$/s.exec(comment) ?? [];
    return [`\`nodes.${name}\``, `\`${type}\``, logicalName, howMany(type, optional), oneLine(meaning)];
  });
  return [
    "NAME is the component's logical name. A child whose physical name ends in a random suffix has a `random.RandomString` beside it, with `-suffix` behind the child's logical name.",
    table(["child", "type", "logical name", "made", "meaning"], rows),
  ].join("\n\n");
}

function howMany(type: string, optional: boolean): string {
  if (/^(Partial<)?Record<|\[\]$/.test(type)) return "one each";
  return optional ? "depends" : "always";
}

function typeTable(type: NamedType, local: Types): string {
  if (type.kind === "interface") return propertiesTable(type.properties, local);
  const rows = type.choices.map(({ name, value, comment }) => [
    `\`${type.name}.${name}\``,
    `\`${value}\``,
    oneLine(comment),
  ]);
  return table(["choice", "value", "meaning"], rows);
}

function section(title: string, body: string): string[] {
  return body === "" ? [] : [`## ${title}`, body];
}

/** A type as code, which leads to the first type on this page that it names. */
function linked(type: string, local: Types): string {
  const names = type.match(/\b[A-Z][A-Za-z0-9]*\b/g) ?? [];
  const target = names.find((name) => local.has(name));
  return target === undefined ? `\`${type}\`` : `[\`${type}\`](#${target.toLowerCase()})`;
}

/** What an argument without a default of its own is: nothing, or what its parts are. */
function absent(type: string, local: Types): string {
  const nested = local.get(type);
  const hasDefaults =
    nested?.kind === "interface" &&
    nested.properties.some(({ comment }) => argumentComment(comment).default !== undefined);
  return hasDefaults ? `[its parts'](#${type.toLowerCase()})` : "none";
}

function firstSentence(comment: string): string {
  const [paragraph = ""] = comment.split("\n\n");
  return oneLine(paragraph);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => oneLine(cell).replace(/\|/g, "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
