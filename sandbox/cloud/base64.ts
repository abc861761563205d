/**
 * Whether bytes can be written like this in JSON: in either alphabet, with padding or without.
 * https://protobuf.dev/programming-guides/json/
 */
export function isBase64(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.slice(0, text.length - padding);
  // One expression for all of it would go as deep as the text is long.
  if (/[^A-Za-z0-9+/_-]/.test(digits)) return false;
  return padding > 0 ? text.length % 4 === 0 : text.length % 4 !== 1;
}
