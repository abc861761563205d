import * as kubernetes from "@pulumi/kubernetes";
import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudRunService,
  EndpointsService,
  EnvoyFront,
  ExternalApplication,
  IstioWorkload,
  PushSubscription,
} from "../components";
import { Delivery } from "../sandbox/delivery/delivery";
import type { HttpRequest, HttpResponse } from "../sandbox/ingress/http";
import { EnvoyFront as Envoy } from "../sandbox/ingress/envoy/envoy-front";
import type { Front } from "../sandbox/ingress/front";
import { Ingress } from "../sandbox/ingress/ingress";
import { IstioFront } from "../sandbox/ingress/istio/istio-front";
import { createVerifier, fixedKeys, RequestRefused } from "../verify/index";
import { TestStack } from "./support/stack";
import type { Deployed } from "./support/stack";

const MINUTE = 60_000;
const REGION = "us-central1";
const APPLICATION = "https://jobs.example.com";
const LABELS = { app: "ledger" };

/** What a verifier is told. */
interface Settings {
  audiences: string[];
  allowedCallers: string[];
}

/**
 * A stack with one push subscription, and Pub/Sub at its worst: a token is sent again until it expires, whatever the
 * subscription says by then.
 */
class Rotating extends TestStack {
  readonly ingress = new Ingress(
    this.cloud,
    ({ target, request }) =>
      target.kind === "foreign" ? this.clock.real(this.#application(request)) : Promise.resolve(answer(200)),
    { fronts: () => this.#front() },
  );
  readonly delivery = new Delivery(this.cloud, this.ingress, { pushTokensOutliveChanges: true });
  #deployed: Deployed | undefined;

  async step(program: () => unknown): Promise<void> {
    this.#deployed = await this.up(program);
  }

  /** What comes of a message in the next minute: for each try the audience of its token, and the status. */
  async push(): Promise<string[]> {
    const before = this.delivery.attempts.length;
    const topic = this.#deployed?.resource("Topic", "push-topic");
    await this.delivery.publish(topic?.id ?? "", { data: "eA==" });
    await this.clock.advance(MINUTE / 6);
    return this.delivery.attempts
      .slice(before)
      .map(
        ({ minted, response }) =>
          `${minted.ok ? (minted.claims?.aud ?? "") : "none"} ${response?.status ?? ""}`,
      );
  }

  #front(): Front | undefined {
    const { bootstrap, labels } = this.#deployed?.outputs ?? {};
    if (bootstrap !== undefined) return new Envoy(bootstrap);
    return labels === undefined ? undefined : new IstioFront({ namespace: "books", labels: LABELS });
  }

  /** What the program's output says is what the application's verifier does, if it has one. */
  async #application(request: HttpRequest): Promise<HttpResponse> {
    const { verifier: settings } = this.#deployed?.outputs ?? {};
    if (settings === undefined) return answer(200);
    const { audiences, allowedCallers } = settings as Settings;
    const keys = fixedKeys(await this.cloud.tokens.jwks());
    const verifier = createVerifier({
      audience: audiences,
      callers: allowedCallers,
      keys,
      clock: this.clock,
    });
    try {
      await verifier.verifyHeaders(request.headers.flat());
      return answer(200);
    } catch (error) {
      if (error instanceof RequestRefused) return answer(error.status);
      throw error;
    }
  }
}

function answer(status: number): HttpResponse {
  return { status, headers: {}, body: "" };
}

type Program = (audiences: string[]) => unknown;

/** The same source in front of a target that accepts these audiences, of which the first is sent; and how others are refused. */
const TARGETS: Readonly<Record<string, { refused: number; program: Program }>> = {
  "a Run service": {
    refused: 401,
    program: (customAudiences) => {
      const caller = new CallerIdentity("caller");
      const hello = new CloudRunService("hello", { image: "hello", region: REGION, customAudiences });
      new PushSubscription("push", { target: hello.authorize(caller) });
      return {};
    },
  },
  "a Run service behind IAP": {
    refused: 401,
    program: (audiences) => {
      const caller = new CallerIdentity("caller");
      const [clientId = "", ...formerClientIds] = audiences;
      const iap = { clientId, formerClientIds };
      const hello = new CloudRunService("hello", { image: "hello", region: REGION, iap });
      new PushSubscription("push", { target: hello.authorize(caller) });
      return {};
    },
  },
  "Cloud Endpoints": { refused: 403, program: (audiences) => gateway(EndpointsService, audiences) },
  "API Gateway": { refused: 403, program: (audiences) => gateway(ApiGateway, audiences) },
  "an Envoy": { refused: 403, program: (audiences) => envoy(audiences) },
  "an Istio workload": { refused: 403, program: (audiences) => mesh(audiences) },
  "an application": {
    refused: 401,
    program: ([audience, ...formerAudiences]) => {
      const caller = new CallerIdentity("caller");
      const settings = { url: APPLICATION, audience, formerAudiences, callers: { caller } };
      const application = new ExternalApplication("application", settings);
      new PushSubscription("push", { target: application.authorize(caller) });
      return { verifier: application.verifierSettings };
    },
  },
};

const envoy: Program = ([audience, ...formerAudiences]) => {
  const caller = new CallerIdentity("caller");
  const upstream = { address: "127.0.0.1", port: 3000 };
  const args = { url: APPLICATION, audience, formerAudiences, callers: { caller }, upstream };
  const front = new EnvoyFront("front", args);
  new PushSubscription("push", { target: front.authorize(caller) });
  return { bootstrap: front.bootstrap };
};

const mesh: Program = ([audience, ...formerAudiences]) => {
  const caller = new CallerIdentity("caller");
  const workload = { url: APPLICATION, namespace: "books", selector: LABELS };
  const ledger = new IstioWorkload("ledger", { ...workload, audience, formerAudiences, callers: { caller } });
  for (const [name, manifest] of Object.entries(ledger.manifests)) {
    new kubernetes.apiextensions.CustomResource(name, {
      ...(manifest as typeof ledger.manifests.authorizationPolicy),
    });
  }
  new PushSubscription("push", { target: ledger.authorize(caller) });
  return { labels: LABELS };
};

function gateway(Gateway: typeof EndpointsService | typeof ApiGateway, audiences: string[]): unknown {
  const [audience = "", ...formerAudiences] = audiences;
  const caller = new CallerIdentity("caller");
  const shared = { audience, formerAudiences, callers: { caller } };
  const { environment } = new BackendCallers("behind", shared);
  const behind = new CloudRunService("behind", { image: "hello", region: REGION, environment });
  const backend = { service: behind.serviceName, region: REGION, url: behind.uri };
  const front = new Gateway("front", { ...shared, region: REGION, backend });
  new PushSubscription("push", { target: front.authorize(caller) });
  return {};
}

describe.each(Object.entries(TARGETS))("changing the audience of %s", (name, { refused, program }) => {
  let stack: Rotating;
  const [OLD, NEW] = ["old", "new"].map((word) =>
    name.includes("IAP") ? `1-${word}.apps.googleusercontent.com` : word,
  ) as [string, string];
  const accepting =
    (...audiences: string[]) =>
    () =>
      program(audiences);

  beforeEach(async () => {
    stack = new Rotating();
    await stack.step(accepting(OLD));
    expect(await stack.push()).toEqual([`${OLD} 200`]);
    await stack.clock.advance(30 * MINUTE);
  });
  afterEach(() => {
    stack.delivery.stop();
  });

  test("in one step is an outage until the old token has expired", async () => {
    await stack.step(accepting(NEW));
    expect(await stack.push()).toContain(`${OLD} ${refused}`);
    await stack.clock.advance(20 * MINUTE);
    expect(stack.delivery.attempts.filter(({ outcome }) => outcome === "success")).toHaveLength(1);
    await stack.clock.advance(20 * MINUTE);
    expect(await stack.push()).toEqual([`${NEW} 200`]);
  });

  test("in two steps, an hour apart, is none", async () => {
    await stack.step(accepting(NEW, OLD));
    // Fifty-nine minutes old, and still sent.
    expect(await stack.push()).toEqual([`${OLD} 200`]);
    await stack.clock.advance(28 * MINUTE);
    expect(await stack.push()).toEqual([`${OLD} 200`]);
    await stack.clock.advance(32 * MINUTE);
    expect(await stack.push()).toEqual([`${NEW} 200`]);
    await stack.step(accepting(NEW));
    expect(await stack.push()).toEqual([`${NEW} 200`]);
    await stack.clock.advance(120 * MINUTE);
    expect(await stack.push()).toEqual([`${NEW} 200`]);
    expect(stack.delivery.attempts.every(({ outcome }) => outcome === "success")).toBe(true);
  });

  test("in two steps that are less than an hour apart is an outage after the second", async () => {
    await stack.step(accepting(NEW, OLD));
    expect(await stack.push()).toEqual([`${OLD} 200`]);
    await stack.clock.advance(10 * MINUTE);
    await stack.step(accepting(NEW));
    expect(await stack.push()).toContain(`${OLD} ${refused}`);
  });
});
