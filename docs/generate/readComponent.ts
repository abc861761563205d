import * as ts from "typescript";
import type { Declaration, Declarations, Member } from "./declarations";
import { commentOf, constantsOf, nameOf } from "./declarations";

/** A property, as a page shows it. */
export interface Property {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly comment: string;
}

/** A type that a component's arguments, outputs or methods name: an interface, or constants to choose from. */
export type NamedType = { readonly name: string; readonly comment: string } & (
  | { readonly kind: "interface"; readonly properties: readonly Property[] }
  | { readonly kind: "choice"; readonly choices: readonly { name: string; value: string; comment: string }[] }
);

/** A component, as its page shows it. */
export interface Component {
  readonly name: string;
  readonly path: string;
  readonly comment: string;
  readonly token: string;
  readonly arguments: readonly Property[];
  readonly outputs: readonly Property[];
  readonly methods: readonly { signature: string; comment: string }[];
  readonly children: readonly Property[];
  /** All that the above name, in order of first mention. */
  readonly types: readonly NamedType[];
}

/** Reads one component class, and the types that it names. */
export function readComponent(
  declaration: Declaration & { node: ts.ClassDeclaration },
  declarations: Declarations,
): Component {
  const { node, source, path } = declaration;
  const name = nameOf(declaration);
  const args = declarations.get(`${name}Args`);
  const nodes = declarations.get(`${name}Nodes`);
  const visible = node.members.filter((member) => !isHidden(member));
  const component = {
    name,
    path,
    comment: commentOf(node),
    token: /super\(\s*"([^"]+)"/.exec(node.getText(source))?.[1] ?? "",
    arguments: args === undefined ? [] : declarations.membersOf(args).map(property),
    outputs: visible.flatMap((member) => outputOf(member, source)),
    methods: visible.filter(ts.isMethodDeclaration).map((method) => ({
      signature: signatureOf(method, source),
      comment: commentOf(method),
    })),
    children: nodes === undefined ? [] : childrenOf(nodes, declarations),
  };
  const mentioned = [
    ...component.arguments.map(({ type }) => type),
    ...component.outputs.map(({ type }) => type),
    ...component.methods.map(({ signature }) => signature),
  ];
  return { ...component, types: namedTypes(mentioned, declarations, name) };
}

function outputOf(member: ts.ClassElement, source: ts.SourceFile): Property[] {
  const isGetter = ts.isGetAccessorDeclaration(member) && member.name.getText(source) !== "nodes";
  if (!isGetter && !ts.isPropertyDeclaration(member)) return [];
  return [
    {
      name: member.name.getText(source),
      type: typeText(member.type, source),
      optional: false,
      comment: commentOf(member),
    },
  ];
}

function childrenOf(nodes: Declaration, declarations: Declarations): Property[] {
  return declarations.membersOf(nodes).map((member) => {
    const pointed = declarations.pointedAt(member.type, member.source);
    const own = property(member);
    if (pointed === undefined) return own;
    return { ...own, type: property(pointed).type, comment: own.comment || commentOf(pointed.node) };
  });
}

function property({ name, optional, type, node, source }: Member): Property {
  return { name, optional, type: typeText(type, source), comment: commentOf(node) };
}

/** The type on one line, without what says nothing to a reader. */
function typeText(type: ts.TypeNode | undefined, source: ts.SourceFile): string {
  if (type !== undefined && ts.isTypeReferenceNode(type)) {
    const [only] = type.typeArguments ?? [];
    if (type.typeName.getText(source) === "Readonly" && only !== undefined) return typeText(only, source);
  }
  return (type?.getText(source) ?? "")
    .replace(/\s+/g, " ")
    .replace(/\bpulumi\.(Input|Output|Inputs)\b/g, "$1")
    .replace(/\bInputs\[string\]/g, "any value")
    .replace(/\breadonly /g, "");
}

function signatureOf(method: ts.MethodDeclaration, source: ts.SourceFile): string {
  const parameters = method.parameters.map((parameter) => {
    const optional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
    return `${parameter.name.getText(source)}${optional ? "?" : ""}: ${typeText(parameter.type, source)}`;
  });
  return `${method.name.getText(source)}(${parameters.join(", ")}): ${typeText(method.type, source)}`;
}

function isHidden(member: ts.ClassElement): boolean {
  const flags = ts.getCombinedModifierFlags(member);
  const isPrivate = (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
  return isPrivate || (member.name !== undefined && ts.isPrivateIdentifier(member.name));
}

/** Follows the names in some types to interfaces and constants, and those in their properties in turn. */
function namedTypes(types: readonly string[], declarations: Declarations, component: string): NamedType[] {
  const found = new Map<string, NamedType>();
  const follow = (type: string): void => {
    for (const [name] of type.matchAll(/\b[A-Z][A-Za-z0-9]*\b/g)) {
      const declaration = declarations.get(name);
      if (declaration === undefined || name === component || found.has(name)) continue;
      const named = namedType(name, declaration, declarations);
      if (named === undefined) continue;
      found.set(name, named);
      if (named.kind === "interface") for (const inner of named.properties) follow(inner.type);
    }
  };
  types.forEach(follow);
  return [...found.values()];
}

function namedType(
  name: string,
  declaration: Declaration,
  declarations: Declarations,
): NamedType | undefined {
  const { node } = declaration;
  if (ts.isInterfaceDeclaration(node)) {
    const properties = declarations.membersOf(declaration).map(property);
    return { name, kind: "interface", comment: commentOf(node), properties };
  }
  const constants = ts.isVariableDeclaration(node) ? constantsOf(node) : undefined;
  if (constants === undefined) return undefined;
  const choices = constants.properties.filter(ts.isPropertyAssignment).map((choice) => ({
    name: choice.name.getText(declaration.source),
    value: choice.initializer.getText(declaration.source),
    comment: commentOf(choice),
  }));
  return { name, kind: "choice", comment: commentOf(node.parent.parent), choices };
}
