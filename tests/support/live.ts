import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import type { VirtualClock } from "../../sandbox/cloud/clock";
import type { Cloud } from "../../sandbox/cloud/cloud";
import type { Attempt } from "../../sandbox/delivery/attempt";
import { Delivery } from "../../sandbox/delivery/delivery";
import type { DeployedResource } from "../../sandbox/doors/in-process/engine";
import type { Front } from "../../sandbox/ingress/front";
import { NoInstanceAvailable } from "../../sandbox/ingress/http";
import type { Backend, HttpRequest, HttpResponse, TargetRef } from "../../sandbox/ingress/http";
import { Ingress } from "../../sandbox/ingress/ingress";

const JOB = "gcp:cloudscheduler/job:Job";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const QUEUE = "gcp:cloudtasks/queue:Queue";
const RUN = "gcp:cloudrunv2/service:Service";

/** What an application's verifier is told. */
export interface Told {
  readonly audience: string | string[];
  readonly allowedCallers: readonly string[];
  /** Where the caller's token arrives. Default: Authorization. */
  readonly tokenHeader?: string;
}

/** An application of one's own: its verifier is told who may call it, or something stands in front that is. */
export type Application = { readonly host: string } & (Told | { readonly front: Front });

/** A deployed program at work: gates before code that says who called, and the sources that call it. */
export class Live {
  readonly ingress: Ingress;
  readonly delivery: Delivery;
  /** Whether no code answers behind the gates. */
  down = false;

  constructor(
    private readonly stack: { readonly cloud: Cloud; readonly clock: VirtualClock },
    private readonly resources: readonly DeployedResource[],
    private readonly applications: readonly Application[] = [],
  ) {
    this.ingress = new Ingress(stack.cloud, this.#backend, { fronts: (host) => this.#frontAt(host) });
    this.delivery = new Delivery(stack.cloud, this.ingress);
  }

  /** What every source is answered at its first attempt; by logical name. */
  async fireOnce(): Promise<Record<string, string>> {
    await this.fire();
    this.delivery.stop();
    return this.outcomes("first");
  }

  /** Runs every job, enqueues into every queue, publishes to every topic that is pushed from; later attempts come when the clock moves. */
  async fire(): Promise<void> {
    for (const job of this.#sources(JOB)) void this.delivery.runJob(job.id ?? "");
    for (const queue of this.#sources(QUEUE)) this.#enqueue(queue.id ?? "");
    const topics = this.#sources(SUBSCRIPTION).map(({ outputs }) => String(outputs.topic));
    for (const topic of new Set(topics)) await this.delivery.publish(topic, { data: "hello" });
    await this.stack.clock.advance(0);
  }

  /** "200 <caller>" or the status of the refusal, or that there was no token; for each source, by logical name. */
  outcomes(which: "first" | "last"): Record<string, string> {
    return Object.fromEntries(
      [JOB, SUBSCRIPTION, QUEUE]
        .flatMap((type) => this.#sources(type))
        .map((source) => {
          const own = this.attemptsOf(source.name);
          const attempt = which === "first" ? own[0] : own.at(-1);
          return [source.name, attempt === undefined ? "nothing sent" : outcome(attempt)];
        }),
    );
  }

  attemptsOf(source: string): Attempt[] {
    const ids = this.resources.filter(({ name }) => name === source).map(({ id }) => id);
    return this.delivery.attempts.filter((attempt) => ids.includes(attempt.source.id));
  }

  /** A call from the internet, with a token that the account has got for the audience. */
  async call(url: string, email: string, audience: string): Promise<string> {
    const token = await this.stack.cloud.tokens.mint({ email, audience });
    const headers = [["Authorization", `Bearer ${token}`]] as const;
    const { response } = await this.ingress.handle({ method: "GET", url, headers, body: "" });
    return shown(response);
  }

  /** As whoever deploys; a paused queue sends it all the same, as a paused job runs. */
  #enqueue(queue: string): void {
    const deployer = this.stack.cloud.deployer(queue.split("/")[1] ?? "");
    const { tasks } = this.delivery;
    const { name } = tasks.buffer(deployer, queue);
    if (tasks.queue(deployer, queue).state.desiredState === "PAUSED") tasks.run(deployer, name);
  }

  /** Those that call, and do it with a token. */
  #sources(type: string): DeployedResource[] {
    return this.resources.filter(
      (r) => r.type === type && (r.inputs.httpTarget ?? r.inputs.pushConfig) !== undefined,
    );
  }

  readonly #backend: Backend = async ({ target, request }) => {
    if (this.down) throw new NoInstanceAvailable("Everything is down.");
    const told = target.kind === "foreign" ? this.#applicationAt(target.host) : this.#behindGateway(target);
    if (told === undefined || "front" in told) return answer(200, callerOf(request));
    return this.stack.clock.real(this.#verified(request, told));
  };

  #frontAt(at: string): Front | undefined {
    const application = this.applications.find(({ host }) => host === at);
    return application !== undefined && "front" in application ? application.front : undefined;
  }

  #applicationAt(at: string): Application {
    const application = this.applications.find(({ host }) => host === at);
    if (application === undefined) throw new NoInstanceAvailable(`Nothing is at ${at}.`);
    return application;
  }

  /** What a Run service is told by its environment, if it stands behind a gateway, which does not ask who calls. */
  #behindGateway(target: TargetRef): Told | undefined {
    if (target.kind !== "run-service") return undefined;
    const service = this.stack.cloud.store
      .list<RunState>(RUN)
      .find(({ fullName }) => fullName === target.fullName);
    const variables = service?.state.template.containers.flatMap(({ envs = [] }) => envs) ?? [];
    const {
      AUDIENCE = "",
      CALLERS = "",
      TOKEN_HEADER,
    } = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    if (TOKEN_HEADER === undefined) return undefined;
    return { audience: AUDIENCE.split(","), allowedCallers: CALLERS.split(","), tokenHeader: TOKEN_HEADER };
  }

  /** What an application has to do itself where no gate of Google's in front asks who calls. */
  async #verified(
    request: HttpRequest,
    { audience, allowedCallers, tokenHeader }: Told,
  ): Promise<HttpResponse> {
    const { cloud, clock } = this.stack;
    const token = tokenOf(request, tokenHeader);
    const keys = createLocalJWKSet(await cloud.tokens.jwks());
    const rules = { audience, issuer: "https://accounts.google.com", currentDate: new Date(clock.now()) };
    try {
      const { payload } = await jwtVerify(token, keys, { ...rules, algorithms: ["RS256"] });
      const allowed = payload.email_verified === true && allowedCallers.includes(String(payload.email));
      return allowed ? answer(200, String(payload.email)) : answer(403, "");
    } catch {
      return answer(401, "");
    }
  }
}

function outcome({ outcome: result, response }: Attempt): string {
  return response === undefined ? result : shown(response);
}

function shown({ status, body }: HttpResponse): string {
  return status === 200 ? `200 ${body}` : String(status);
}

function answer(status: number, body: string): HttpResponse {
  return { status, headers: {}, body };
}

/** What is read of a Run service to see what its code is told. */
interface RunState {
  readonly template: {
    readonly containers: readonly { readonly envs?: readonly { name: string; value?: string }[] }[];
  };
}

function tokenOf({ headers }: HttpRequest, header = "authorization"): string {
  const [, value = ""] = headers.find(([name]) => name.toLowerCase() === header.toLowerCase()) ?? [];
  return value.replace(/^Bearer /, "");
}

function callerOf(request: HttpRequest): string {
  return String(decodeJwt(tokenOf(request)).email);
}
