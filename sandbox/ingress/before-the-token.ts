import type { Gate } from "./gate";
import type { Origin } from "./http";
import type { RefusalCase } from "./refusals";

const ORDER = "that this is checked before the token";

/** What is refused whoever asks. */
export function beforeTheToken(
  url: URL,
  { gate, address }: { gate: Gate; address: "run.app" | "cloudfunctions.net" },
  from: Origin,
): { refusal: RefusalCase; reason: string; assumed?: string } | undefined {
  if (address === "run.app" && url.pathname === "/healthz") {
    return {
      refusal: "health path",
      reason: "Google's front end answers /healthz by itself; use another path",
    };
  }
  if (gate.defaultUrlDisabled) {
    return {
      refusal: "url disabled",
      reason: `${gate.label} has defaultUriDisabled, which closes its run.app and cloudfunctions.net addresses`,
      assumed: ORDER,
    };
  }
  if (gate.ingress === "internal" && !isInside(gate, address, from)) {
    return { refusal: "ingress", reason: blocked(gate, address, from), assumed: ORDER };
  }
  // Cloud Functions: https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#securitylevel
  if (url.protocol === "http:" && !gate.plainHttp) {
    return {
      refusal: "not https",
      reason: `${gate.label} serves https only and redirects there; a token sent in clear text can be stolen`,
      assumed: gate.ref.kind === "run-service" ? "that Run services redirect as functions do" : undefined,
    };
  }
  return undefined;
}

/**
 * Scheduler, Tasks and Pub/Sub of the same project count as inside, by the run.app address only.
 * https://docs.cloud.google.com/run/docs/securing/ingress
 */
function isInside(gate: Gate, address: string, from: Origin): boolean {
  return from.network === "google" && from.project === gate.project && address === "run.app";
}

function blocked(gate: Gate, address: string, from: Origin): string {
  const rule = `${gate.label} takes internal traffic only`;
  if (from.network === "internet") return `${rule}, and this request comes from the internet`;
  return from.project === gate.project
    ? `${rule}, and Google's services count as internal on the run.app address alone, not on ${address}`
    : `${rule}, and this request comes from the project "${from.project}", not from "${gate.project}"`;
}
