/** A path template, taken apart. */
export interface Template {
  text: string;
  segments: readonly Segment[];
}

type Segment = { kind: "literal"; text: string } | { kind: "one" } | { kind: "rest" };

const WILDCARDS: readonly (readonly [RegExp, Segment["kind"]])[] = [
  [/^(\*|\{\w+(=\*)?\})$/, "one"],
  [/^(\*\*|\{\w+=\*\*\})$/, "rest"],
];

/** Undefined for what the sandbox does not know how to match. https://cloud.google.com/api-gateway/docs/path-templating */
export function parseTemplate(text: string): Template | undefined {
  const parts = text.replace(/^\//, "").split("/");
  const segments = parts.map((part): Segment | undefined => {
    const kind = WILDCARDS.find(([pattern]) => pattern.test(part))?.[1];
    if (kind === "one" || kind === "rest") return { kind };
    return /[{}*]/.test(part) ? undefined : { kind: "literal", text: part };
  });
  const known = segments.filter((segment) => segment !== undefined);
  const rest = known.findIndex(({ kind }) => kind === "rest");
  if (known.length < segments.length || (rest >= 0 && rest < known.length - 1)) return undefined;
  return { text, segments: known };
}

export function hasWildcard({ segments }: Template): boolean {
  return segments.some(({ kind }) => kind !== "literal");
}

/** One segment for each variable, everything for the last one with two asterisks, and a slash behind does not matter. */
export function matches({ segments }: Template, path: string): boolean {
  const pattern = segments.map((segment) =>
    segment.kind === "literal" ? escaped(segment.text) : segment.kind === "one" ? "[^/]+" : ".*",
  );
  return new RegExp(`^/${pattern.join("/")}/?$`).test(path);
}

const RANK: Readonly<Record<Segment["kind"], number>> = { literal: 0, one: 1, rest: 2 };

/** The more exact one first, segment by segment. */
export function bySpecificity(a: Template, b: Template): number {
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const [one, other] = [a.segments[i], b.segments[i]];
    const difference =
      (one === undefined ? 3 : RANK[one.kind]) - (other === undefined ? 3 : RANK[other.kind]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
