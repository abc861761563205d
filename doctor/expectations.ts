import type { Gate } from "../trust/graph";

/** Who should be kept out, by what is wrong with them. */
export type Intruder =
  "no token" | "wrong audience" | "foreign signature" | "expired token" | "stranger" | "grant removed";

export type Expectation = { letIn: true } | { letIn: false; status: number };

/** https://docs.cloud.google.com/run/docs/troubleshooting */
const GOOGLE: Readonly<Record<Intruder, number>> = {
  "no token": 403,
  "wrong audience": 401,
  "foreign signature": 401,
  "expired token": 401,
  stranger: 403,
  "grant removed": 403,
};

/** What each kind of gate answers. */
const REFUSALS: Readonly<Record<Gate, Readonly<Record<Intruder, number>>>> = {
  run: GOOGLE,
  "function-v1": GOOGLE,
  // The audience alone is a matter of permission, and of a stranger the application behind it thinks the same.
  // https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/filter.cc
  gateway: { ...GOOGLE, "no token": 401, "wrong audience": 403 },
  // 401: show another token. 403: this one is in order and does not help. https://datatracker.ietf.org/doc/html/rfc6750#section-3.1
  application: { ...GOOGLE, "no token": 401 },
};

export function refusalOf(gate: Gate, intruder: Intruder): Expectation {
  return { letIn: false, status: REFUSALS[gate][intruder] };
}
