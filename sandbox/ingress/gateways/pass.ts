import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import type { ApiBackend } from "../../cloud/openapi/service-config";
import type { HttpRequest, HttpResponse } from "../http";
import type { JwtClaims } from "../jwt-authn/parse";
import { challenge } from "../jwt-authn/failures";
import { check } from "./check";
import type { Proxy } from "./proxy";
import { routeOf } from "./routes";
import { sanitized } from "./sanitized";

/** What a proxy does with a request: answers it, or passes it on. */
export type Passage =
  | { kind: "refused"; response: HttpResponse; reason: string; assumed?: string }
  | {
      kind: "passed on";
      request: HttpRequest;
      deadline: number;
      reason: string;
      principal?: string;
      assumed?: string;
    };

/** ESPv2's decision: is there such a method, is its token in order; then on to the backend in the proxy's own name. */
export async function pass(cloud: Cloud, proxy: Proxy, received: HttpRequest): Promise<Passage> {
  const underscored = received.headers.find(([name]) => name.includes("_"))?.[0];
  if (underscored !== undefined) {
    const why = `${proxy.label} rejects requests with an underscore in the name of a header, as in "${underscored}"`;
    return { ...refused(400, "Bad Request", why), assumed: UNDERSCORES };
  }
  const request = sanitized(received, proxy);
  const url = new URL(request.url);
  const route = routeOf(proxy.config, request.method, url.pathname);
  if (route.kind === "none") {
    return refused(404, NOT_DEFINED, `The document of ${proxy.label} has no path for ${url.pathname}`);
  }
  if (route.kind === "wrong method") {
    const why = `The document of ${proxy.label} has ${route.template}, but not with ${request.method}`;
    return refused(405, wrongMethod(route.template), why);
  }
  if (route.providers.length === 0) {
    const reason = `The document of ${proxy.label} requires no token for ${route.name}: anybody gets in`;
    return said(await onward(cloud, proxy, route.backend, request), { reason, assumed: OPEN });
  }
  const checked = await check(cloud, proxy, route.providers, request);
  if (!checked.ok) {
    const headers = { "www-authenticate": challenge(request.url, checked.failure) };
    return refused(checked.status, checked.message, `${proxy.label}: ${checked.reason}`, headers);
  }
  const payload = checked.token?.split(".")[1] ?? "";
  const told = withHeader(request, proxy.userInfoHeader, payload);
  const who = emailOf(checked.claims);
  return said(await onward(cloud, proxy, route.backend, told), {
    reason: `${proxy.label} takes the token of ${who ?? "somebody without an e-mail"}, whoever that is, for ${route.name}`,
    principal: who === undefined ? undefined : `serviceAccount:${who}`,
  });
}

type Why = Pick<Extract<Passage, { kind: "passed on" }>, "reason" | "principal" | "assumed">;
type Onward =
  Extract<Passage, { kind: "refused" }> | Omit<Extract<Passage, { kind: "passed on" }>, keyof Why>;

/** Why somebody gets in is no matter of a request that goes no further. */
function said(onward: Onward, why: Why): Passage {
  return onward.kind === "refused" ? onward : { ...onward, ...why };
}

/**
 * By default, which neither of the two changes as far as is known.
 * https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/go/configgenerator/filtergen/http_connection_manager.go
 */
const UNDERSCORES =
  "that such a request comes by HTTP/1.1, where the answer has a text, and that API Gateway rejects it as ESPv2 does";

const OPEN = "that a proxy leaves the caller's own X-Endpoint-API-UserInfo alone where it requires no token";

/** github.com/GoogleCloudPlatform/esp-v2, src/go/configgenerator/routegen: the texts of both. */
const NOT_DEFINED = "The current request is not defined by this API.";

function wrongMethod(template: string): string {
  return `The current request is matched to the defined url template "${template}" but its http method is not allowed`;
}

function refused(
  code: number,
  message: string,
  reason: string,
  headers: Record<string, string> = {},
): Extract<Passage, { kind: "refused" }> {
  return { kind: "refused", response: errorResponse(code, message, headers), reason };
}

/**
 * ESPv2 answers in JSON.
 * https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/go/configgenerator/filtergen/http_connection_manager.go
 */
export function errorResponse(
  code: number,
  message: string,
  headers: Record<string, string> = {},
): HttpResponse {
  return {
    status: code,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ code, message }),
  };
}

/**
 * The request as the backend gets it: with a token of the proxy's own, and the caller's moved aside, where it is added to
 * whatever the client has put there itself.
 * https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions#jwt_audience,
 * https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/envoy/http/backend_auth/filter.cc
 */
async function onward(
  { tokens }: Cloud,
  { email, label }: Proxy,
  { address, audience, constant, deadline }: ApiBackend,
  request: HttpRequest,
): Promise<Onward> {
  const { pathname, search } = new URL(request.url);
  const url = constant ? `${address}${search}` : `${address}${pathname}${search}`;
  const headers = request.headers.filter(([name]) => name.toLowerCase() !== "host");
  if (audience === undefined) return { kind: "passed on", request: { ...request, url, headers }, deadline };
  const own = await minted(tokens.mint({ email, audience }));
  if (own instanceof CloudError) {
    // https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/envoy/http/backend_auth/filter.cc
    return refused(
      500,
      `Token not found for audience: ${audience}`,
      `${label} gets no token: ${own.message}`,
    );
  }
  const brought = headers.find(([name]) => isAuthorization(name))?.[1];
  return {
    kind: "passed on",
    deadline,
    request: {
      ...request,
      url,
      headers: [
        ...headers.filter(([name]) => !isAuthorization(name)),
        ...(brought === undefined ? [] : [["X-Forwarded-Authorization", brought] as const]),
        ["Authorization", `Bearer ${own}`],
      ],
    },
  };
}

async function minted(token: Promise<string>): Promise<string | CloudError> {
  try {
    return await token;
  } catch (error) {
    if (error instanceof CloudError) return error;
    throw error;
  }
}

function withHeader(request: HttpRequest, name: string, value: string): HttpRequest {
  const others = request.headers.filter(([key]) => key.toLowerCase() !== name.toLowerCase());
  return { ...request, headers: [...others, [name, value]] };
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === "authorization";
}

function emailOf({ email }: JwtClaims): string | undefined {
  return typeof email === "string" ? email : undefined;
}
