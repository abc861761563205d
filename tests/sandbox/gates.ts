import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud, type CloudOptions } from "../../sandbox/cloud/cloud";
import { functionV1Name, runServiceName } from "../../sandbox/cloud/names";
import type { Backend, HttpRequest, HttpResponse, TargetRef } from "../../sandbox/ingress/http";
import { Ingress } from "../../sandbox/ingress/ingress";
import { sharedSigningKey } from "../support/signing-key";

export const PROJECT = "gates-test";
export const NUMBER = "111111111111";
export const OTHER_PROJECT = "gates-other";
export const CALLER = `caller@${PROJECT}.iam.gserviceaccount.com`;
export const STRANGER = `stranger@${PROJECT}.iam.gserviceaccount.com`;
/** A Tuesday. */
export const START = Date.parse("2026-12-01T12:00:00Z");

export const HELLO = {
  id: `projects/${PROJECT}/locations/europe-west1/services/hello`,
  fullName: runServiceName(PROJECT, "europe-west1", "hello"),
  url: `https://hello-${NUMBER}.europe-west1.run.app`,
  hashUrl: "https://hello-abcdefghij-ew.a.run.app",
};
export const SECOND = {
  id: `projects/${PROJECT}/locations/europe-west1/functions/second`,
  service: `projects/${PROJECT}/locations/europe-west1/services/second`,
  fullName: runServiceName(PROJECT, "europe-west1", "second"),
  url: `https://second-${NUMBER}.europe-west1.run.app`,
  functionUrl: `https://europe-west1-${PROJECT}.cloudfunctions.net/second`,
};
export const FIRST = {
  id: `projects/${PROJECT}/locations/europe-west1/functions/first`,
  fullName: functionV1Name(PROJECT, "europe-west1", "first"),
  url: `https://europe-west1-${PROJECT}.cloudfunctions.net/first`,
};

type Answer = (request: HttpRequest, target: TargetRef) => HttpResponse | Promise<HttpResponse>;

/** A cloud with a Run service, a function of each generation, a caller whom nobody lets in yet, and a stranger. */
export class World {
  readonly clock = new VirtualClock(START);
  readonly cloud: Cloud;
  readonly ingress: Ingress;
  readonly arrived: { target: TargetRef; request: HttpRequest }[] = [];
  /** What the code behind every target answers. */
  answer: Answer = () => ({ status: 200, headers: {}, body: "hello" });

  constructor(options: Partial<CloudOptions> = {}) {
    this.cloud = new Cloud({
      clock: this.clock,
      signingKey: sharedSigningKey,
      projects: [
        { id: PROJECT, number: NUMBER },
        { id: OTHER_PROJECT, number: "222222222222" },
      ],
      ...options,
    });
    for (const [index, email] of [CALLER, STRANGER].entries()) {
      this.cloud.iam.addAccount({ email, uniqueId: `10000000000000000000${index}`, project: PROJECT });
    }
    this.putHello();
    this.putSecond();
    this.putFirst();
    const backend: Backend = async ({ target, request }) => {
      this.arrived.push({ target, request });
      return this.answer(request, target);
    };
    this.ingress = new Ingress(this.cloud, backend);
  }

  putHello(state: object = {}): void {
    const { id, fullName, url, hashUrl } = HELLO;
    this.#put("gcp:cloudrunv2/service:Service", id, fullName, { uri: url, urls: [url, hashUrl], ...state });
  }

  putSecond(serviceConfig: object = {}): void {
    const { id, service, fullName, url, functionUrl } = SECOND;
    this.#put("gcp:cloudrunv2/service:Service", service, fullName, { uri: url, urls: [url] });
    this.#put("gcp:cloudfunctionsv2/function:Function", id, FIRST.fullName.replace("first", "second"), {
      url: functionUrl,
      serviceConfig: { service, uri: url, ...serviceConfig },
    });
  }

  putFirst(state: object = {}): void {
    this.#put("gcp:cloudfunctions/function:Function", FIRST.id, FIRST.fullName, {
      httpsTriggerUrl: FIRST.url,
      httpsTriggerSecurityLevel: "SECURE_ALWAYS",
      ...state,
    });
  }

  grant(resource: string, role: string, email = CALLER): void {
    this.cloud.iam.grant(resource, { role, member: `serviceAccount:${email}` });
  }

  async token(audience: string, email = CALLER): Promise<string> {
    return this.cloud.tokens.mint({ email, audience });
  }

  #put(token: string, id: string, fullName: string, state: Record<string, unknown>): void {
    this.cloud.store.put({ token, id, fullName, project: PROJECT, state });
  }
}

export function get(url: string, ...headers: [string, string][]): HttpRequest {
  return { method: "GET", url, headers, body: "" };
}

export function bearer(token: string): [string, string] {
  return ["Authorization", `Bearer ${token}`];
}
