import { EnvoyFront, IstioWorkload } from "../../components";
import type { EnvoyFrontArgs, IstioWorkloadArgs } from "../../components";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import type { Front } from "../../sandbox/ingress/front";
import type { HttpRequest } from "../../sandbox/ingress/http";
import type { Answer } from "../../sandbox/ingress/answers";
import { Ingress } from "../../sandbox/ingress/ingress";
import { sharedSigningKey } from "./signing-key";
import { PROJECT, TestStack } from "./stack";

export const START = Date.parse("2026-12-01T12:00:00Z");
export const HOST = "app.example.com";
export const AUDIENCE = `https://${HOST}`;
export const CALLER = `caller@${PROJECT.id}.iam.gserviceaccount.com`;
export const SECOND = `second@${PROJECT.id}.iam.gserviceaccount.com`;
export const STRANGER = `stranger@${PROJECT.id}.iam.gserviceaccount.com`;
export const SUBJECT = "100000000000000000001";
export const WORKLOAD = { namespace: "books", labels: { app: "ledger", version: "v1" } };

/** Documents are only data; a preview of plain arguments shows all of it. */
const nothing = new TestStack({ projects: [PROJECT] });

/** What the component gives out for these callers, as the plain data of a stack's outputs. */
export async function envoyDocument(args: Partial<EnvoyFrontArgs> = {}): Promise<unknown> {
  const deployed = await nothing.preview(() => {
    const upstream = { address: "127.0.0.1", port: 3000 };
    const callers = { caller: { email: CALLER } };
    return { bootstrap: new EnvoyFront("front", { url: AUDIENCE, callers, upstream, ...args }).bootstrap };
  });
  return deployed.outputs["bootstrap"];
}

export async function istioManifests(
  args: Partial<IstioWorkloadArgs> = {},
): Promise<Record<string, unknown>> {
  const deployed = await nothing.preview(() => {
    const callers = { caller: { email: CALLER } };
    const mesh = { namespace: WORKLOAD.namespace, selector: { app: "ledger" } };
    return { manifests: new IstioWorkload("ledger", { url: AUDIENCE, callers, ...mesh, ...args }).manifests };
  });
  return deployed.outputs["manifests"] as Record<string, unknown>;
}

/** A cloud with an application on a host of its own, behind a front. */
export class FrontWorld {
  readonly cloud = new Cloud({
    clock: new VirtualClock(START),
    signingKey: sharedSigningKey,
    projects: [PROJECT],
  });
  readonly arrived: HttpRequest[] = [];
  readonly #ingress: Ingress;

  constructor(front: Front | undefined) {
    for (const [index, email] of [CALLER, SECOND, STRANGER].entries()) {
      const uniqueId = index === 0 ? SUBJECT : `20000000000000000000${index}`;
      this.cloud.iam.addAccount({ email, uniqueId, project: PROJECT.id });
    }
    this.#ingress = new Ingress(
      this.cloud,
      ({ request }) => {
        this.arrived.push(request);
        return Promise.resolve({ status: 200, headers: {}, body: "hello" });
      },
      { fronts: (host) => (host === HOST ? front : undefined) },
    );
  }

  async token(email: string = CALLER, audience: string = AUDIENCE): Promise<string> {
    return this.cloud.tokens.mint({ email, audience });
  }

  async ask(token: string | undefined, request: Partial<HttpRequest> = {}): Promise<Answer> {
    const bearer: [string, string][] = token === undefined ? [] : [["Authorization", `Bearer ${token}`]];
    const headers = [...bearer, ...(request.headers ?? [])];
    return this.#ingress.handle({ method: "GET", url: `${AUDIENCE}/work`, body: "", ...request, headers });
  }

  /** Status and text of the answer; "hello" is the application's. */
  async says(token: string | undefined, request: Partial<HttpRequest> = {}): Promise<string> {
    const { response } = await this.ask(token, request);
    return `${response.status} ${response.body}`;
  }
}

/** A copy of a document, changed. */
export function edited<T>(document: T, edit: (copy: never) => void): T {
  const copy = structuredClone(document);
  edit(copy as never);
  return copy;
}
