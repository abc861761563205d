import type { HeaderList } from "../Verifier";

/** Names and values, however the headers came. */
export function headerPairs(headers: HeaderList): (readonly [string, string])[] {
  if (typeof headers !== "object" || !(Symbol.iterator in headers)) {
    throw new TypeError(
      "headers is not a list; give request.rawHeaders of Node.js, or a Headers object. " +
        "Node's request.headers hides a second Authorization.",
    );
  }
  const items: (string | readonly [string, string])[] = [...headers];
  return items.flatMap((item, index) => {
    if (typeof item !== "string") return [item];
    const value = items[index + 1];
    return index % 2 === 0 && typeof value === "string" ? [[item, value] as const] : [];
  });
}
