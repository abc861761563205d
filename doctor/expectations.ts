import type { Gate } from "../trust/graph";

/** What stands before an application that is not Google's. Resources do not show it, so the doctor has to be told. */
export type Front = "envoy" | "istio";

/** Who should be kept out, by what is wrong with them. */
export type Intruder =
  | "no token"
  | "wrong audience"
  | "foreign signature"
  | "expired token"
  | "stranger"
  | "grant removed"
  // At Google's own APIs, which take access tokens.
  | "id_token"
  | "wrong scope";

export type Expectation = { letIn: true } | { letIn: false; status: number };

type Statuses = Readonly<Partial<Record<Intruder, number>>>;

/** https://docs.cloud.google.com/run/docs/troubleshooting */
const GOOGLE: Statuses = {
  "no token": 403,
  "wrong audience": 401,
  "foreign signature": 401,
  "expired token": 401,
  stranger: 403,
  "grant removed": 403,
};

/** What each kind of gate answers. */
const REFUSALS: Readonly<Record<Gate | Front, Statuses>> = {
  run: GOOGLE,
  // 401 for what is no token of a client that may; https://docs.cloud.google.com/iap/docs/faq
  iap: { ...GOOGLE, "no token": 401 },
  "function-v1": GOOGLE,
  // https://cloud.google.com/apis/design/errors
  "google-api": {
    "no token": 401,
    id_token: 401,
    "expired token": 401,
    "wrong scope": 403,
    stranger: 403,
    "grant removed": 403,
  },
  // The audience alone is a matter of permission, and of a stranger the application behind it thinks the same.
  // https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/filter.cc
  gateway: { ...GOOGLE, "no token": 401, "wrong audience": 403 },
  // 401: show another token. 403: this one is in order and does not help. https://datatracker.ietf.org/doc/html/rfc6750#section-3.1
  application: { ...GOOGLE, "no token": 401 },
  // https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/filter.cc
  envoy: { ...GOOGLE, "no token": 401, "wrong audience": 403 },
  // The same filter, but a request without a token passes it. https://istio.io/latest/docs/tasks/security/authorization/authz-jwt/
  istio: { ...GOOGLE, "wrong audience": 403 },
};

export function refusalOf(gate: Gate | Front, intruder: Intruder): Expectation {
  const status = REFUSALS[gate][intruder];
  if (status === undefined) throw new Error(`"${intruder}" is nothing to try at a gate of kind "${gate}"`);
  return { letIn: false, status };
}
