import { isProps, type Props } from "../../cloud/resources/values";

/** Shorter ones would hide half of any message. */
const SHORTEST = 4;

/** A text without the secrets that are in it, however a message may have written them. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  const forms = [...secrets]
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64"),
      Buffer.from(secret).toString("base64url"),
    ]);
  // The longest first: one secret may be a part of another.
  return [...new Set(forms)]
    .sort((a, b) => b.length - a.length)
    .reduce((hidden, form) => hidden.replaceAll(form, "[secret]"), text);
}

/** All texts below the given paths, such as `template.containers.0.image`. */
export function textsBelow(props: Props, paths: readonly string[]): string[] {
  const wanted = new Set(paths);
  const found = (value: unknown, path: string, isSecret: boolean): string[] => {
    const below = isSecret || wanted.has(path);
    if (typeof value === "string" || typeof value === "number") return below ? [String(value)] : [];
    const entries = Array.isArray(value) || isProps(value) ? Object.entries(value) : [];
    return entries.flatMap(([key, item]) => found(item, path === "" ? key : `${path}.${key}`, below));
  };
  return found(props, "", false);
}
