import type { Cloud } from "../cloud/cloud";
import type { StoredResource } from "../cloud/store";
import { type Answer, join, no, parse, sentence } from "./answers";
import { beforeTheToken } from "./before-the-token";
import { credentials } from "./credentials";
import type { Front } from "./front";
import { callGoogleApi, MODELLED_APIS } from "./google-apis";
import { apiGateway, type GatewayState } from "./gateways/api-gateways";
import { espv2 } from "./gateways/espv2";
import type { Proxy } from "./gateways/proxy";
import { through } from "./gateways/through";
import {
  NoInstanceAvailable,
  type Backend,
  type HttpRequest,
  type Origin,
  type TargetRef,
  type Verdict,
} from "./http";
import { judgeByIap, withoutIapHeaders } from "./iap";
import { meantForIap } from "./iap-backends";
import { judge } from "./judge";
import { REFUSALS, refuse } from "./refusals";
import { withoutSignature } from "./strip";
import { findTarget, type Found } from "./targets";

export interface IngressOptions {
  /** What stands before an application that is not Google's, by its host. Default: nothing, the application decides. */
  fronts?: (host: string) => Front | undefined;
}

/** Google's front end: finds the target that a request means, and lets it in or does not. */
export class Ingress {
  readonly #cloud: Cloud;
  readonly #backend: Backend;
  readonly #fronts: (host: string) => Front | undefined;

  constructor(cloud: Cloud, backend: Backend, { fronts = () => undefined }: IngressOptions = {}) {
    this.#cloud = cloud;
    this.#backend = backend;
    this.#fronts = fronts;
  }

  async handle(request: HttpRequest, from: Origin = { network: "internet" }): Promise<Answer> {
    return this.#handle(request, from, 0);
  }

  /** `hops`: through how many proxies the request has come. */
  async #handle(request: HttpRequest, from: Origin, hops: number): Promise<Answer> {
    const url = parse(request.url);
    const found = findTarget(this.#cloud.store, url);
    switch (found.kind) {
      case "gate":
        return this.#atTheGate(request, url, found, from, hops);
      case "api-gateway":
        return this.#atApiGateway(request, url, found.gateway, hops);
      case "foreign":
        return this.#atAHost(request, url, found);
      case "google api":
        return this.#atGoogle(request, url, found.host);
      case "nothing":
        return no("nothing there", url, {
          reason: `No service or function of this cloud has the address ${url.href}`,
        });
    }
  }

  #atGoogle(request: HttpRequest, url: URL, host: string): Answer {
    const called = callGoogleApi(this.#cloud, request, url);
    if (called !== undefined && !("unmodelled" in called)) return called;
    const how = called === undefined ? "" : ` with ${called.unmodelled.join(", ")}`;
    return no("not modelled", url, {
      reason: `Of ${host} the sandbox does not model ${request.method} ${url.pathname}${how}; of all of Google's own hosts it has ${MODELLED_APIS} here`,
    });
  }

  async #atApiGateway(
    request: HttpRequest,
    url: URL,
    gateway: StoredResource<GatewayState>,
    hops: number,
  ): Promise<Answer> {
    const target: TargetRef = { kind: "api-gateway", fullName: gateway.fullName };
    if (url.protocol === "http:") {
      const reason = "API Gateway serves https only; a token sent in clear text can be stolen";
      return no("not https", url, { target, reason, assumed: "that API Gateway redirects as functions do" });
    }
    const by = { proxy: (): Proxy => apiGateway(this.#cloud, gateway), hops };
    return this.#forward(request, target, { outcome: "let in", target, reason: "" }, by);
  }

  async #atTheGate(
    request: HttpRequest,
    url: URL,
    found: Extract<Found, { kind: "gate" }>,
    from: Origin,
    hops: number,
  ): Promise<Answer> {
    const { gate, proxy } = found;
    const target = gate.ref;
    const early = beforeTheToken(url, found, from);
    if (early !== undefined) {
      const { refusal, ...why } = early;
      return no(refusal, url, { ...why, target });
    }

    const { refusal, used, says, ...judgement } =
      gate.iap === undefined
        ? await judge(this.#cloud, gate, credentials(request.headers))
        : await judgeByIap(this.#cloud, gate, gate.iap, request.headers);
    if (refusal !== undefined) return no(refusal, url, { ...judgement, target }, says);
    const headers = gate.iap === undefined ? request.headers : withoutIapHeaders(request.headers);

    const stripped = used !== undefined && used.toLowerCase() === "authorization";
    return this.#forward(
      {
        ...request,
        url: found.url,
        headers: used === undefined ? headers : withoutSignature(headers, used),
      },
      target,
      {
        outcome: "let in",
        target,
        ...judgement,
        reason: sentence(judgement.reason),
        assumed: join(judgement.assumed, stripped && gate.ref.kind === "run-service" ? STRIPPED : undefined),
      },
      proxy && { proxy: () => espv2(this.#cloud, proxy), hops },
    );
  }

  async #atAHost(
    request: HttpRequest,
    url: URL,
    target: Extract<Found, { kind: "foreign" }>,
  ): Promise<Answer> {
    const front = this.#fronts(target.host);
    if (front === undefined) {
      const reason = meantForIap(this.#cloud, target.host, request.headers);
      if (reason !== undefined) return no("not modelled", url, { target, reason });
      return this.#forward(request, target, {
        outcome: "let in",
        target,
        reason: "no gate of Google's in front: the application decides",
      });
    }
    const { principal, assumed, ...answer } = await front.decide(this.#cloud, request);
    const why = { target, front: front.kind, reason: sentence(answer.reason), principal, assumed };
    if (answer.letIn) return this.#forward(answer.request, target, { outcome: "let in", ...why });
    const { response } = answer;
    return { response, verdict: { outcome: "refused", status: response.status, ...why } };
  }

  /** On to the code behind a target, or through the proxy that runs there. */
  async #forward(
    request: HttpRequest,
    target: TargetRef,
    verdict: Verdict,
    by?: { proxy: () => Proxy; hops: number },
  ): Promise<Answer> {
    try {
      if (by !== undefined) {
        if (by.hops >= MOST_HOPS) throw new NoInstanceAvailable("its proxies call each other in a circle");
        return await through(this.#cloud, by.proxy(), request, async (onward) =>
          this.#handle(onward, { network: "internet" }, by.hops + 1),
        );
      }
      const response = await this.#backend({ target, request });
      return { response, verdict: { ...verdict, status: response.status } };
    } catch (error) {
      if (!(error instanceof NoInstanceAvailable)) throw error;
      const { status, log, assumed } = REFUSALS["no instance"];
      return {
        response: refuse("no instance", parse(request.url).pathname),
        verdict: {
          ...verdict,
          status,
          log,
          reason: `${sentence(verdict.reason)} But no instance answers: ${sentence(error.message)}`,
          assumed: join(verdict.assumed, assumed),
        },
      };
    }
  }
}

/** Every one of them holds the request, and so would run out of instances. */
const MOST_HOPS = 5;

// Documentation and reports from live services disagree, so nothing may rest on a signature behind a private service.
const STRIPPED = "that the signature is taken out of Authorization before a Run service sees it";
