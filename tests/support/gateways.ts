import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudRunService,
  EndpointsService,
  PushSubscription,
  SchedulerJob,
} from "../../components";
import type { ApiGatewayArgs, EndpointsServiceArgs } from "../../components";
import type { Attempt } from "../../sandbox/delivery/attempt";
import { Delivery } from "../../sandbox/delivery/delivery";
import type { HttpRequest, HttpResponse } from "../../sandbox/ingress/http";
import { Ingress } from "../../sandbox/ingress/ingress";
import type { Answer } from "../../sandbox/ingress/answers";
import { PROJECT, TestStack } from "./stack";
import type { Deployed, TestStackOptions } from "./stack";

export type GatewayKind = "EndpointsService" | "ApiGateway";

/** What differs between the two. */
export const KINDS: Readonly<
  Record<
    GatewayKind,
    { outermost: string; userInfo: string; make: typeof EndpointsService | typeof ApiGateway }
  >
> = {
  EndpointsService: { outermost: "Service", userInfo: "X-Endpoint-API-UserInfo", make: EndpointsService },
  ApiGateway: { outermost: "Gateway", userInfo: "X-Apigateway-Api-Userinfo", make: ApiGateway },
};

export const REGION = "us-central1";
export const AUDIENCE = "https://orders.example.com";
export const CALLER = `nightly@${PROJECT.id}.iam.gserviceaccount.com`;
export const STRANGER = `stranger@${PROJECT.id}.iam.gserviceaccount.com`;

type Args = Partial<EndpointsServiceArgs & ApiGatewayArgs>;

/** A private service behind a gateway, with a job and a subscription that call it, on a cloud of its own. */
export class GatewayWorld {
  readonly stack: TestStack;
  readonly ingress: Ingress;
  readonly delivery: Delivery;
  /** What reached the code behind the gateway. */
  readonly reached: HttpRequest[] = [];
  deployed: Deployed | undefined;

  constructor(
    readonly kind: GatewayKind,
    options: TestStackOptions = {},
  ) {
    this.stack = new TestStack(options);
    const { cloud } = this.stack;
    cloud.iam.addAccount({ email: STRANGER, uniqueId: "100000000000000000009", project: PROJECT.id });
    cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
    this.ingress = new Ingress(cloud, ({ request }) => {
      this.reached.push(request);
      return Promise.resolve(this.answer(request));
    });
    this.delivery = new Delivery(cloud, this.ingress);
  }

  /** How the code behind the gateway answers: as apps/behind-gateway does, by the e-mail of the token that was handed on. */
  answer = (request: HttpRequest): HttpResponse => {
    const token = headerOf(request, "X-Forwarded-Authorization")?.split(".")[1] ?? "";
    const claims =
      token === "" ? {} : (JSON.parse(Buffer.from(token, "base64url").toString()) as { email?: string });
    const status = claims.email === CALLER ? 200 : 403;
    return { status, headers: {}, body: status === 200 ? "hello" : "caller not allowed" };
  };

  program(args: Args = {}): () => void {
    return () => {
      const deployers = { pipeline: this.stack.cloud.deployer(PROJECT.id) };
      const nightly = new CallerIdentity("nightly", { accountId: "nightly", deployers });
      const shared = { audience: AUDIENCE, callers: { nightly } };
      const orders = new CloudRunService("orders", {
        image: "us-docker.pkg.dev/my-project/apps/orders",
        region: REGION,
        deletionProtection: false,
        environment: new BackendCallers("orders", shared).environment,
        deployers,
      });
      const given = {
        ...shared,
        region: REGION,
        backend: { service: orders.serviceName, region: REGION, url: orders.uri },
        deployers,
        ...args,
      };
      const gateway =
        this.kind === "EndpointsService"
          ? new EndpointsService("gate", { deletionProtection: false, ...given })
          : new ApiGateway("gate", given);
      new SchedulerJob("job", {
        schedule: "5 * * * *",
        region: REGION,
        path: "/jobs",
        target: gateway.authorize(nightly),
      });
      new PushSubscription("push", { target: gateway.authorize(nightly) });
    };
  }

  async up(args: Args = {}): Promise<Deployed> {
    this.deployed = await this.stack.up(this.program(args));
    return this.deployed;
  }

  get url(): string {
    const type = KINDS[this.kind].outermost;
    const { outputs } = this.resource(type, "gate");
    return type === "Service" ? String(outputs["uri"]) : `https://${String(outputs["defaultHostname"])}`;
  }

  resource(type: string, name: string) {
    if (this.deployed === undefined) throw new Error("nothing is deployed");
    return this.deployed.resource(type, name);
  }

  token(audience = AUDIENCE, email = CALLER, issuedAt?: number): Promise<string> {
    return this.stack.cloud.tokens.mint({ email, audience, issuedAt });
  }

  async call(
    token?: string,
    {
      path = "/x",
      method = "POST",
      headers = [],
    }: { path?: string; method?: string; headers?: [string, string][] } = {},
  ): Promise<Answer> {
    const own: [string, string][] = token === undefined ? [] : [["Authorization", `Bearer ${token}`]];
    return this.ingress.handle({ method, url: this.url + path, headers: [...own, ...headers], body: "" });
  }

  /** Fires the job and the subscription, and answers the last attempt of each. */
  async fire(): Promise<Record<string, Attempt | undefined>> {
    const job = this.resource("Job", "job");
    const push = this.resource("Subscription", "push");
    const run = this.delivery.runJob(job.id ?? "");
    await this.stack.clock.advance(3_600_000);
    await run;
    await this.delivery.publish(String(push.outputs["topic"]), { data: "aGVsbG8=" });
    await this.stack.clock.advance(60_000);
    const last = (id: string | undefined) =>
      this.delivery.attempts.filter(({ source }) => source.id === id).at(-1);
    return { job: last(job.id), push: last(push.id) };
  }

  stop(): void {
    this.delivery.stop();
  }
}

export function headerOf({ headers }: HttpRequest, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
