import type { StatusCode } from "../cloud/errors";
import type { ApiCall } from "./google-apis";
import type { HttpResponse } from "./http";

/** Why one of Google's APIs does not know who calls, or takes the token for too little. */
export type UnknownCaller =
  "no credential" | "no access token" | "expired token" | "account gone" | "wrong scope";

/** Why one of Google's APIs says no. */
export type ApiRefusalCase = UnknownCaller | "api disabled" | "no permission" | "bad request" | "not found";

interface ApiRefusal {
  readonly status: number;
  /** Google's canonical code. */
  readonly code: StatusCode;
  readonly message: string;
  /** https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto */
  readonly reason?: string;
  readonly domain?: string;
  /** What of the row has no documented source. */
  readonly assumed?: string;
}

const EXPECTED =
  "Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

/** https://google.aip.dev/193, https://cloud.google.com/apis/design/errors. `<…>` stands for what the call says. */
export const API_REFUSALS: Readonly<Record<ApiRefusalCase, ApiRefusal>> = {
  "no credential": {
    status: 401,
    code: "UNAUTHENTICATED",
    message: `Request is missing required authentication credential. ${EXPECTED}`,
    reason: "CREDENTIALS_MISSING",
  },
  "no access token": {
    status: 401,
    code: "UNAUTHENTICATED",
    message: `Request had invalid authentication credentials. ${EXPECTED}`,
    reason: "ACCESS_TOKEN_TYPE_UNSUPPORTED",
  },
  "expired token": {
    status: 401,
    code: "UNAUTHENTICATED",
    message: `Request had invalid authentication credentials. ${EXPECTED}`,
    reason: "ACCESS_TOKEN_EXPIRED",
    assumed: "that a token which never was is answered like one that has expired",
  },
  "account gone": {
    status: 401,
    code: "UNAUTHENTICATED",
    message: `Request had invalid authentication credentials. ${EXPECTED}`,
    reason: "ACCOUNT_STATE_INVALID",
    assumed: "how long the token of a deleted or disabled account still works is not documented",
  },
  "wrong scope": {
    status: 403,
    code: "PERMISSION_DENIED",
    message: "Request had insufficient authentication scopes.",
    reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
  },
  "api disabled": {
    status: 403,
    code: "PERMISSION_DENIED",
    message: "<service> has not been used in project <project> before or it is disabled.",
    reason: "SERVICE_DISABLED",
    assumed: "that the resource's project is the one that must have the API enabled, and no other",
  },
  "no permission": {
    status: 403,
    code: "PERMISSION_DENIED",
    message: "Permission '<permission>' denied on resource '<resource>' (or resource may not exist).",
    reason: "IAM_PERMISSION_DENIED",
    domain: "iam.googleapis.com",
  },
  "bad request": {
    status: 400,
    code: "INVALID_ARGUMENT",
    message: "Invalid JSON payload received. <fault>",
  },
  "not found": {
    status: 404,
    code: "NOT_FOUND",
    message: "Resource '<resource>' was not found.",
    assumed: "the status is documented, the text is not",
  },
};

/** The answer of an API that says no, with what of it is assumed. */
export function apiRefusal(
  kind: ApiRefusalCase,
  { service, project, target }: ApiCall,
  { permission = "", fault = "" }: { permission?: string; fault?: string },
): HttpResponse & { assumed?: string } {
  const { status, code, message, reason, domain = "googleapis.com", assumed } = API_REFUSALS[kind];
  const resource = target.fullName.replace(/^\/\/[^/]+\//, "");
  const said: Readonly<Record<string, string>> = { service, project, resource, permission, fault };
  const metadata = permission === "" ? { service } : { permission, resource };
  const details =
    reason === undefined
      ? []
      : [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata }];
  const text = message.replace(/<(\w+)>/g, (_, name: string) => said[name] ?? "");
  const error = { code: status, message: text, status: code, ...(details.length > 0 && { details }) };
  return {
    status,
    headers: { "content-type": "application/json; charset=UTF-8" },
    body: `${JSON.stringify({ error }, undefined, 2)}\n`,
    assumed,
  };
}
