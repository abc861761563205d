import type * as pulumi from "@pulumi/pulumi";
import * as components from "../components";
import { CallerIdentity, PushSubscription, SchedulerJob, TaskQueue } from "../components";
import type { AuthorizedTarget } from "../components";
import type { ProjectKind } from "../sandbox/cloud/projects";
import { Delivery } from "../sandbox/delivery/delivery";
import type { Backend, HttpResponse } from "../sandbox/ingress/http";
import { Ingress } from "../sandbox/ingress/ingress";
import { fetchHandler } from "../verify/adapters/fetchHandler";
import { fixedKeys } from "../verify/index";
import type { Caller, Verifier } from "../verify/index";
import type { Deployed } from "./support/stack";
import { PROJECT, TestStack } from "./support/stack";
import type { Intruder, Refusal, Target, Told } from "./support/targets";
import { REGION, TARGETS } from "./support/targets";

/**
 * Every source calls every target, and at each of them the same four are kept out. The refusals are what is documented of
 * Google's gates and proxies, of Istio and of Envoy; that the products themselves answer so is not seen here.
 */

const STRANGER = `stranger@${PROJECT.id}.iam.gserviceaccount.com`;
const SHOP = `shop@${PROJECT.id}.iam.gserviceaccount.com`;
const HOUR = 3_600_000;

interface Source {
  /** The type of the resource that calls. */
  readonly type: string;
  make(target: AuthorizedTarget): pulumi.Resource;
  fire(delivery: Delivery, id: string, deployed: Deployed): unknown;
}

/** By the component's name. */
const SOURCES = {
  SchedulerJob: {
    type: "Job",
    make: (target) =>
      new SchedulerJob("source", { schedule: "0 3 * * *", region: REGION, path: "work", target }),
    fire: (delivery, id) => delivery.runJob(id),
  },
  TaskQueue: {
    type: "Queue",
    make: (target) => {
      const enqueuers = { shop: `serviceAccount:${SHOP}` };
      return new TaskQueue("source", { region: REGION, path: "work", enqueuers, target });
    },
    fire: ({ tasks }, id, { outputs }) =>
      tasks.create(`serviceAccount:${SHOP}`, id, { httpRequest: { url: outputs["url"] } }),
  },
  PushSubscription: {
    type: "Subscription",
    make: (target) => new PushSubscription("source", { path: "work", target }),
    fire: (delivery, _, deployed) =>
      delivery.publish(deployed.resource("Topic", "source-topic").id ?? "", { data: "hello" }),
  },
} as const satisfies Record<string, Source>;

const CELLS = Object.keys(SOURCES).flatMap((source) =>
  Object.keys(TARGETS).map((target) => ({
    source: source as keyof typeof SOURCES,
    target: target as keyof typeof TARGETS,
  })),
);

/** One source, deployed with the one target that it calls. */
class Cell extends TestStack {
  readonly #target: Target;
  readonly #source: Source;
  readonly #ingress: Ingress;
  readonly #delivery: Delivery;
  #deployed: Deployed | undefined;
  #verifier: Verifier | undefined;
  /** Whom the application has let in. */
  readonly heard: Caller[] = [];
  /** How many requests have reached it. */
  reached = 0;

  constructor(kind: ProjectKind, source: Source, target: Target) {
    super({ kind });
    this.#source = source;
    this.#target = target;
    for (const [index, email] of [STRANGER, SHOP].entries()) {
      this.cloud.iam.addAccount({ email, uniqueId: `20000000000000000000${index}`, project: PROJECT.id });
    }
    // In a hardened project somebody has to ask for it.
    this.cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
    this.#ingress = new Ingress(this.cloud, this.#application, { fronts: () => this.#front() });
    this.#delivery = new Delivery(this.cloud, this.#ingress);
  }

  async deploy(): Promise<void> {
    this.#deployed = await this.up(() => {
      const deployers = { pipeline: this.cloud.deployer(PROJECT.id) };
      const caller = new CallerIdentity("caller", { deployers });
      const { target, ...handedOut } = this.#target.deploy({ caller, deployers });
      this.#source.make(target);
      return { ...handedOut, url: target.url };
    });
    const keys = fixedKeys(await this.cloud.tokens.jwks());
    this.#verifier = this.#target.verifier(this.deployed.outputs["told"] as Told, {
      keys,
      clock: this.clock,
    });
  }

  get deployed(): Deployed {
    if (this.#deployed === undefined) throw new Error("nothing is deployed");
    return this.#deployed;
  }

  get caller(): { email: string; uniqueId: string } {
    return this.deployed.resource("Account", "caller").outputs as { email: string; uniqueId: string };
  }

  /** All that the source has sent an hour later, when it would have tried again. */
  async fire() {
    const { id = "" } = this.deployed.resource(this.#source.type, "source");
    const fired = this.#source.fire(this.#delivery, id, this.deployed);
    await this.clock.advance(HOUR);
    await fired;
    const left = this.#delivery.backlog(id);
    this.#delivery.stop();
    return { attempts: this.#delivery.attempts, left };
  }

  /** How somebody else is answered at an address, as whoever reads the answer sees it. */
  async answer(url: string, token: string | undefined): Promise<Refusal> {
    const before = this.reached;
    const headers = token === undefined ? [] : [["Authorization", `Bearer ${token}`] as const];
    const { response } = await this.#ingress.handle({ method: "POST", url, headers, body: "" });
    return { ...shown(response), byApplication: this.reached > before };
  }

  /** What each of them has in hand. */
  async tokens(audience: string): Promise<Record<Intruder, string | undefined>> {
    const { tokens } = this.cloud;
    const { email } = this.caller;
    return {
      "no token": undefined,
      stranger: await tokens.mint({ email: STRANGER, audience }),
      "another audience": await tokens.mint({ email, audience: "https://another-service.invalid" }),
      expired: await tokens.mint({ email, audience, issuedAt: this.clock.now() - 2 * HOUR }),
    };
  }

  /** Whatever stands behind the target, with the adapter that it would use. */
  readonly #application: Backend = ({ request }) => {
    const verifier = this.#verifier;
    if (verifier === undefined) throw new Error("nothing is deployed");
    this.reached += 1;
    const handler = fetchHandler(verifier, (_: { headers: Iterable<[string, string]> }, caller) => {
      this.heard.push(caller);
      return new Response("done");
    });
    const headers = request.headers.map(([name, value]): [string, string] => [name, value]);
    return this.clock.real(handler({ headers }).then(received));
  };

  #front() {
    return this.#target.front?.(String(this.deployed.outputs["document"]));
  }
}

async function received(response: Response): Promise<HttpResponse> {
  const headers = Object.fromEntries(response.headers);
  return { status: response.status, headers, body: await response.text() };
}

function shown({ status, headers, body }: HttpResponse): Omit<Refusal, "byApplication"> {
  const text = body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  const says = text.replaceAll(" .", ".").trim();
  return { status, type: headers["content-type"] ?? "", challenge: headers["www-authenticate"], says };
}

/** What the table says of a refusal, for the request at hand. */
function expected({ challenge, says, ...refusal }: Refusal, url: string): Refusal {
  return {
    ...refusal,
    challenge: challenge?.replace("<url>", url),
    says: says.replace("<path>", new URL(url).pathname),
  };
}

describe.each<ProjectKind>(["default", "hardened"])("in a %s project", (kind) => {
  test.each(CELLS)("$source calls $target, and nobody else does", async ({ source, target }) => {
    const cell = new Cell(kind, SOURCES[source], TARGETS[target]);
    await cell.deploy();
    const { email, uniqueId: subject } = cell.caller;

    const { attempts, left } = await cell.fire();
    expect(attempts).toMatchObject([{ number: 1, outcome: "success", response: { status: 200 } }]);
    expect(left).toBe(0);
    const { url = "", audience = "" } = attempts[0] ?? {};
    expect(cell.heard).toMatchObject([{ email, subject, audience }]);

    for (const [who, token] of Object.entries(await cell.tokens(audience))) {
      const refusal = expected(TARGETS[target].refusals[who as Intruder], url);
      expect([who, await cell.answer(url, token)]).toEqual([who, refusal]);
    }
    expect(cell.heard).toHaveLength(1);
    expect(cell.clock.pending).toBe(0);
  });
});

test("no component that takes id_tokens is left out", () => {
  const takeAccessTokens = ["CloudRunJob"];
  const targets = Object.entries(components)
    .filter(([, made]) => typeof made === "function" && "authorize" in made.prototype)
    .map(([name]) => name);
  expect(targets.sort()).toEqual([...Object.keys(TARGETS), ...takeAccessTokens].sort());
  expect(CELLS).toHaveLength(24);
});
