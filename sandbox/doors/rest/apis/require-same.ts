import { CloudError } from "../../../cloud/errors";

/** Throws when the body names another than the path does. Assumed: which of the two Google would take is not documented. */
export function requireSame(field: string, said: string | undefined, inPath: string): void {
  if (said === undefined || said === "" || said === inPath) return;
  throw new CloudError(
    "INVALID_ARGUMENT",
    `${field}: "${said}" is another than that of the path, "${inPath}".`,
  );
}
