import { CallerIdentity, CloudRunService, ExternalApplication, PushSubscription } from "../components";
import { Delivery } from "../sandbox/delivery/delivery";
import type { HttpRequest, HttpResponse } from "../sandbox/ingress/http";
import { Ingress } from "../sandbox/ingress/ingress";
import { createVerifier, fixedKeys, RequestRefused } from "../verify/index";
import { TestStack } from "./support/stack";
import type { Deployed } from "./support/stack";

const MINUTE = 60_000;
const APPLICATION = "https://jobs.example.com";

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
  readonly ingress = new Ingress(this.cloud, ({ target, request }) =>
    target.kind === "foreign" ? this.clock.real(this.#application(request)) : Promise.resolve(answer(200)),
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

  /** What the program's output says is what the application's verifier does. */
  async #application(request: HttpRequest): Promise<HttpResponse> {
    const { audiences, allowedCallers } = this.#deployed?.outputs.verifier as Settings;
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

/** The same source in front of a target that accepts these audiences, of which the first is sent. */
const TARGETS: Readonly<Record<string, (audiences: string[]) => unknown>> = {
  "a Run service": (customAudiences) => {
    const caller = new CallerIdentity("caller");
    const hello = new CloudRunService("hello", { image: "hello", region: "us-central1", customAudiences });
    new PushSubscription("push", { target: hello.authorize(caller) });
    return {};
  },
  "an application": ([audience, ...formerAudiences]) => {
    const caller = new CallerIdentity("caller");
    const settings = { url: APPLICATION, audience, formerAudiences, callers: { caller } };
    const application = new ExternalApplication("application", settings);
    new PushSubscription("push", { target: application.authorize(caller) });
    return { verifier: application.verifierSettings };
  },
};

describe.each(Object.entries(TARGETS))("changing the audience of %s", (_name, program) => {
  let stack: Rotating;
  const accepting =
    (...audiences: string[]) =>
    () =>
      program(audiences);

  beforeEach(async () => {
    stack = new Rotating();
    await stack.step(accepting("old"));
    expect(await stack.push()).toEqual(["old 200"]);
    await stack.clock.advance(30 * MINUTE);
  });
  afterEach(() => {
    stack.delivery.stop();
  });

  test("in one step is an outage until the old token has expired", async () => {
    await stack.step(accepting("new"));
    expect(await stack.push()).toContain("old 401");
    await stack.clock.advance(20 * MINUTE);
    expect(stack.delivery.attempts.filter(({ outcome }) => outcome === "success")).toHaveLength(1);
    await stack.clock.advance(20 * MINUTE);
    expect(await stack.push()).toEqual(["new 200"]);
  });

  test("in two steps, an hour apart, is none", async () => {
    await stack.step(accepting("new", "old"));
    // Fifty-nine minutes old, and still sent.
    expect(await stack.push()).toEqual(["old 200"]);
    await stack.clock.advance(28 * MINUTE);
    expect(await stack.push()).toEqual(["old 200"]);
    await stack.clock.advance(32 * MINUTE);
    expect(await stack.push()).toEqual(["new 200"]);
    await stack.step(accepting("new"));
    expect(await stack.push()).toEqual(["new 200"]);
    await stack.clock.advance(120 * MINUTE);
    expect(await stack.push()).toEqual(["new 200"]);
    expect(stack.delivery.attempts.every(({ outcome }) => outcome === "success")).toBe(true);
  });

  test("in two steps that are less than an hour apart is an outage after the second", async () => {
    await stack.step(accepting("new", "old"));
    expect(await stack.push()).toEqual(["old 200"]);
    await stack.clock.advance(10 * MINUTE);
    await stack.step(accepting("new"));
    expect(await stack.push()).toContain("old 401");
  });
});
