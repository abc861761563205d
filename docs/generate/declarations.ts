import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import * as ts from "typescript";

/** An interface, a class, or an object of constants with a type of the same name. */
export interface Declaration {
  readonly node: ts.InterfaceDeclaration | ts.ClassDeclaration | ts.VariableDeclaration;
  readonly source: ts.SourceFile;
  /** Path from the repository's root. */
  readonly path: string;
}

/**
 * What the components' files declare, by name. Read from the syntax alone: no type is checked, which would load all of
 * the providers' types and take twenty times as long.
 */
export class Declarations {
  readonly #byName = new Map<string, Declaration>();

  constructor(root: string, folder: string) {
    for (const file of typeScriptFiles(join(root, folder))) this.#read(file, relative(root, file));
  }

  get(name: string): Declaration | undefined {
    return this.#byName.get(name);
  }

  /** All classes that extend `ComponentResource`, in order of name. */
  components(): (Declaration & { node: ts.ClassDeclaration })[] {
    return [...this.#byName.values()]
      .filter((found): found is Declaration & { node: ts.ClassDeclaration } => isComponent(found.node))
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  /** The properties of an interface, those that it inherits first. */
  membersOf(declaration: Declaration): Member[] {
    if (!ts.isInterfaceDeclaration(declaration.node)) return [];
    const bases = (declaration.node.heritageClauses ?? []).flatMap((clause) =>
      clause.types.map((type) => this.#byName.get(type.expression.getText(declaration.source))),
    );
    return [
      ...bases.flatMap((base) => (base === undefined ? [] : this.membersOf(base))),
      ...propertiesOf(declaration.node.members, declaration.source),
    ];
  }

  /** The property that a type such as `RunIdentity["nodes"]["runtimeAccount"]` points at, if it is one. */
  pointedAt(type: ts.TypeNode, source: ts.SourceFile): Member | undefined {
    if (!ts.isIndexedAccessTypeNode(type) || !ts.isLiteralTypeNode(type.indexType)) return undefined;
    const key = type.indexType.literal;
    if (!ts.isStringLiteral(key)) return undefined;
    return this.#propertiesBehind(type.objectType, source).find(({ name }) => name === key.text);
  }

  #propertiesBehind(type: ts.TypeNode, source: ts.SourceFile): Member[] {
    if (ts.isTypeLiteralNode(type)) return propertiesOf(type.members, source);
    const pointed = this.pointedAt(type, source);
    if (pointed !== undefined) return this.#propertiesBehind(pointed.type, pointed.source);
    const named = this.#byName.get(type.getText(source));
    return named === undefined ? [] : this.membersOf(named);
  }

  #read(file: string, path: string): void {
    const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      const nodes = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
      for (const node of nodes) if (isDeclaration(node)) this.#add({ node, source, path });
    }
  }

  #add(declaration: Declaration): void {
    this.#byName.set(nameOf(declaration), declaration);
  }
}

/** A property of an interface. */
export interface Member {
  readonly name: string;
  readonly optional: boolean;
  readonly type: ts.TypeNode;
  readonly node: ts.Node;
  readonly source: ts.SourceFile;
}

export function nameOf({ node, source }: Declaration): string {
  return node.name?.getText(source) ?? "";
}

/** The text of a doc comment, without its stars; empty when there is none. */
export function commentOf(node: ts.Node): string {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return docs.map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? "").join("\n\n");
}

function propertiesOf(members: ts.NodeArray<ts.TypeElement>, source: ts.SourceFile): Member[] {
  return members.filter(ts.isPropertySignature).flatMap((node) =>
    node.type === undefined
      ? []
      : [
          {
            name: node.name.getText(source),
            optional: node.questionToken !== undefined,
            type: node.type,
            node,
            source,
          },
        ],
  );
}

function isDeclaration(node: ts.Node): node is Declaration["node"] {
  return (
    ts.isInterfaceDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    (ts.isVariableDeclaration(node) && constantsOf(node) !== undefined)
  );
}

/** The object behind `export const Name = { … } as const`. */
export function constantsOf(node: ts.VariableDeclaration): ts.ObjectLiteralExpression | undefined {
  const value = node.initializer;
  const isExported =
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0 && value !== undefined;
  return isExported && ts.isAsExpression(value) && ts.isObjectLiteralExpression(value.expression)
    ? value.expression
    : undefined;
}

function isComponent(node: Declaration["node"]): boolean {
  if (!ts.isClassDeclaration(node)) return false;
  return (node.heritageClauses ?? []).some(({ types }) =>
    types.some(({ expression }) => /(^|\.)ComponentResource$/.test(expression.getText())),
  );
}

function typeScriptFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === "node_modules" || entry.name === "dist" ? [] : typeScriptFiles(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}
