import { RequestRefused } from "../RequestRefused";
import { headerPairs } from "../token/headerPairs";
import type { SourceHeaders } from "./SourceHeaders";
import { timeOf } from "./timeOf";

/** Reads headers of one source by the rest of their names, in whatever form they come. */
export class HeaderReader {
  readonly #values = new Map<string, string>();
  readonly #prefix: string;

  constructor(headers: SourceHeaders, prefix: string) {
    this.#prefix = prefix;
    for (const [name, value] of pairsOf(headers)) this.#values.set(name.toLowerCase(), value);
  }

  text(name: string): string | undefined {
    return this.#values.get(`${this.#prefix}${name}`.toLowerCase());
  }

  requiredText(name: string): string {
    return this.text(name) ?? this.#refuse(name, "is missing");
  }

  count(name: string): number {
    const text = this.requiredText(name);
    return /^\d{1,15}$/.test(text) ? Number(text) : this.#refuse(name, "is no whole number");
  }

  optionalCount(name: string): number | undefined {
    return this.text(name) === undefined ? undefined : this.count(name);
  }

  /** Milliseconds since 1970, from the form of RFC 3339. */
  optionalTime(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return timeOf(text) ?? this.#refuse(name, "is no time");
  }

  /** Milliseconds since 1970, from seconds with a fraction. */
  secondsAsTime(name: string): number {
    const text = this.requiredText(name);
    return /^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) * 1000 : this.#refuse(name, "is no time");
  }

  #refuse(name: string, problem: string): never {
    throw new RequestRefused("ERR_HEADER_MALFORMED", `${this.#prefix}${name} ${problem}`);
  }
}

function pairsOf(headers: SourceHeaders): (readonly [string, string])[] {
  if (isList(headers)) return headerPairs(headers);
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === "string" ? value : value.join(", ")] as const],
  );
}

function isList(headers: SourceHeaders): headers is Extract<SourceHeaders, Iterable<unknown>> {
  return Symbol.iterator in headers;
}
