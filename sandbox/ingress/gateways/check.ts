import type { Cloud } from "../../cloud/cloud";
import { own } from "../../cloud/own";
import type { HttpRequest } from "../http";
import { type Authentication, authenticateAll } from "../jwt-authn/authenticate";
import { findTokens, type Locations } from "../jwt-authn/locations";
import type { Proxy } from "./proxy";

/** Where ESPv2 looks. github.com/GoogleCloudPlatform/esp-v2, src/go/configgenerator/filterconfig/filter_gen_jwt_authn.go */
const LOCATIONS: Locations = {
  headers: [
    { name: "authorization", prefix: "Bearer " },
    { name: "x-goog-iap-jwt-assertion", prefix: "" },
  ],
  params: ["access_token"],
};

export type Checked = Authentication & {
  /** The token that was looked at first. */
  token?: string;
};

/** Whether the tokens of a request are what one of these providers signs. */
export async function check(
  cloud: Cloud,
  { config, serviceName }: Proxy,
  names: readonly string[],
  request: HttpRequest,
): Promise<Checked> {
  const tokens = findTokens(request, LOCATIONS).map(({ token }) => token);
  const answers: Authentication[] = [];
  for (const name of names) {
    const { issuer = "", jwksUri = "", audiences = [] } = own(config.providers, name) ?? {};
    // As in the file above.
    const accepted = audiences.length === 0 ? [`https://${serviceName}`] : audiences;
    const answer = await authenticateAll(
      cloud,
      { issuer, audiences: accepted, keys: { uri: jwksUri } },
      tokens,
    );
    if (answer.ok) return { ...answer, token: tokens[0] };
    answers.push(answer);
  }
  return answers.findLast(isTelling) ?? answers.at(-1) ?? authenticateAll(cloud, NOBODY, []);
}

const NOBODY = { issuer: "", audiences: [], keys: { document: "" } };

/**
 * Of several providers, the one whose token it is says what is wrong with it; the last one, if it could be that of more.
 * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/verifier.cc
 */
function isTelling(answer: Authentication): boolean {
  return !answer.ok && answer.failure !== "missing" && answer.failure !== "unknown issuer";
}
