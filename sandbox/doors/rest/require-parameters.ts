import { CloudError } from "../../cloud/errors";
import type { Call } from "./api";

/** What every method takes. https://docs.cloud.google.com/apis/docs/system-parameters */
const OF_ALL = ["$alt", "alt", "$prettyPrint", "prettyPrint"];

/** The form of the answer that there is; an application's client asks for it, with an encoding of enumerations behind. */
const JSON_FORM = /^json(;|$)/;

/** Throws by name of parameters in the query that this method has not here. */
export function requireParameters({ url }: Call, ...known: readonly string[]): void {
  const here = known.length === 0 ? "none" : known.join(", ");
  for (const [name, value] of url.searchParams) {
    if (name.endsWith("alt") && OF_ALL.includes(name) && !JSON_FORM.test(value)) {
      throw new CloudError(
        "UNIMPLEMENTED",
        `The sandbox answers in JSON only, not as "${name}=${value}" asks.`,
      );
    }
    if ([...OF_ALL, ...known].includes(name)) continue;
    throw new CloudError(
      "UNIMPLEMENTED",
      `The sandbox does not model the parameter "${name}" of ${url.pathname}. It has here: ${here}.`,
    );
  }
}
