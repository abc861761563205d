import type { Cloud } from "../cloud/cloud";
import type { HttpRequest, HttpResponse } from "./http";

/** What stands before an application that is not Google's. */
export interface Front {
  readonly kind: "envoy" | "istio";
  decide(cloud: Cloud, request: HttpRequest): Promise<FrontAnswer>;
}

export type FrontAnswer =
  /** `request`: what is handed on to the application. */
  ({ letIn: true; request: HttpRequest } & Why) | ({ letIn: false; response: HttpResponse } & Why);

interface Why {
  reason: string;
  /** Who asked, once a token has shown it. */
  principal?: string;
  assumed?: string;
}

/** A short answer of a proxy's own. */
export function localReply(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { ...(body !== "" && { "content-type": "text/plain" }), ...headers, server: "envoy" },
    body,
  };
}
