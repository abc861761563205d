/** A whole number, 0 or more. */
export function readCount(maker: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(`${maker}: ${name} is ${value}; give a whole number, 0 or more.`);
}

/** In lower case, as headers are compared. https://datatracker.ietf.org/doc/html/rfc9110#section-5.6.2 */
export function readHeaderName(maker: string, name: string): string {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return name.toLowerCase();
  throw new TypeError(`${maker}: tokenHeader is ${JSON.stringify(name)}; give the name of a header.`);
}
