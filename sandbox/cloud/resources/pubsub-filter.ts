import { CloudError } from "../errors";
import { own } from "../own";

type Attributes = Readonly<Record<string, string>>;
export type Filter = (attributes: Attributes) => boolean;

/**
 * A subscription's filter: `attributes.k = "v"`, `!=`, `attributes:k`, `hasPrefix(attributes.k, "v")`, AND, OR, NOT or
 * "-", and parentheses, without which AND and OR do not mix. Anything else is refused.
 * https://cloud.google.com/pubsub/docs/subscription-message-filter
 */
export function parseFilter(text: string): Filter {
  return new Parser(text).parse();
}

const TOKEN =
  /\s*(?:(hasPrefix\b|attributes\b|AND\b|OR\b|NOT\b|!=|[-().,:=])|"((?:[^"\\]|\\.)*)"|([A-Za-z_][\w-]*))/y;

interface Token {
  kind: "sign" | "string" | "name" | "end";
  text: string;
}

class Parser {
  readonly #text: string;
  #tokens: readonly Token[] = [];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = this.#lex();
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#peek().kind !== "end") this.#fail();
    return filter;
  }

  #expression(): Filter {
    const terms = [this.#term()];
    const operator = this.#peek().text;
    if (!this.#isOperator()) return terms[0] ?? this.#fail();
    while (this.#isOperator()) {
      if (this.#peek().text !== operator) this.#fail("mixes AND and OR without parentheses");
      this.#next++;
      terms.push(this.#term());
    }
    return operator === "AND"
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes));
  }

  #isOperator(): boolean {
    const { kind, text } = this.#peek();
    return kind === "sign" && (text === "AND" || text === "OR");
  }

  #term(): Filter {
    if (this.#take("NOT") || this.#take("-")) {
      const negated = this.#term();
      return (attributes) => !negated(attributes);
    }
    if (this.#take("(")) {
      const inner = this.#expression();
      this.#expect(")");
      return inner;
    }
    return this.#take("hasPrefix") ? this.#prefix() : this.#comparison();
  }

  #prefix(): Filter {
    this.#expect("(");
    this.#expect("attributes");
    this.#expect(".");
    const key = this.#key();
    this.#expect(",");
    const prefix = this.#string();
    this.#expect(")");
    return (attributes) => own(attributes, key)?.startsWith(prefix) === true;
  }

  #comparison(): Filter {
    this.#expect("attributes");
    if (this.#take(":")) {
      const key = this.#key();
      return (attributes) => Object.hasOwn(attributes, key);
    }
    this.#expect(".");
    const key = this.#key();
    const unequal = this.#take("!=");
    if (!unequal) this.#expect("=");
    const value = this.#string();
    const equals: Filter = (attributes) => own(attributes, key) === value;
    // Not documented for a message without the attribute: taken as "not equal".
    return unequal ? (attributes) => !equals(attributes) : equals;
  }

  #key(): string {
    const token = this.#peek();
    if (token.kind !== "name" && token.kind !== "string" && token.text !== "attributes") this.#fail();
    this.#next++;
    return token.text;
  }

  #string(): string {
    const token = this.#peek();
    if (token.kind !== "string") this.#fail();
    this.#next++;
    return token.text;
  }

  #take(sign: string): boolean {
    const token = this.#peek();
    if (token.kind !== "sign" || token.text !== sign) return false;
    this.#next++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) this.#fail();
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "" };
  }

  #lex(): Token[] {
    const tokens: Token[] = [];
    TOKEN.lastIndex = 0;
    while (this.#text.slice(TOKEN.lastIndex).trim() !== "") {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(this.#text);
      if (match === null) return this.#fail(`has something unknown at "${this.#text.slice(at).trim()}"`);
      const [, sign, quoted, name] = match;
      if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
      else if (quoted !== undefined) tokens.push({ kind: "string", text: quoted.replace(/\\(.)/g, "$1") });
      else tokens.push({ kind: "name", text: name ?? "" });
    }
    return tokens;
  }

  #fail(why?: string): never {
    const { kind, text } = this.#peek();
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Filter ${JSON.stringify(this.#text)} ${why ?? (kind === "end" ? "ends too early" : `has an unexpected "${text}"`)}. ` +
        'Understood are attributes.k = "v", attributes.k != "v", attributes:k, hasPrefix(attributes.k, "v"), AND, OR, NOT and parentheses.',
    );
  }
}
