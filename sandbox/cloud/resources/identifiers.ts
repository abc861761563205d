import { createHash } from "node:crypto";

/** Names that look random and yet follow from what they are made from: the same program gives the same names. */
export function hexOf(seed: string, length: number): string {
  return createHash("sha256").update(seed).digest("hex").slice(0, length);
}

/** Lower-case letters and digits, as Google's generated name parts have. */
export function lettersOf(seed: string, length: number): string {
  const number = BigInt(`0x${createHash("sha256").update(seed).digest("hex")}`);
  return number.toString(36).padStart(length, "0").slice(-length);
}

/** Decimal digits from a source of random numbers; the first one is never 0. */
export function digits(random: () => number, length: number): string {
  const rest = Array.from({ length: length - 1 }, () => Math.floor(random() * 10));
  return `${1 + Math.floor(random() * 9)}${rest.join("")}`;
}

export function pick(random: () => number, alphabet: string): string {
  return alphabet.charAt(Math.floor(random() * alphabet.length));
}

/** An opaque tag that follows from its content, in the form of Google's etags. */
export function etagOf(...content: (string | number)[]): string {
  return createHash("sha256").update(content.join("\n")).digest("base64url").slice(0, 24);
}
