import type * as pulumi from "@pulumi/pulumi";
import {
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunService,
  FunctionIngress,
  PushSubscription,
  RunIngress,
  RunInvoker,
  SchedulerJob,
  TaskQueue,
} from "../components";
import type { AuthorizedTarget } from "../components";
import type { ProjectKind } from "../sandbox/cloud/projects";
import type { Attempt } from "../sandbox/delivery/attempt";
import { Delivery } from "../sandbox/delivery/delivery";
import { Ingress } from "../sandbox/ingress/ingress";
import { PROJECT, TestStack } from "./support/stack";

/** Where a target may lie, and how it may be reached: what works, and what Google does not allow. */

const OTHER = { id: "other-project", number: "987654321098" };
const REGION = "us-central1";
const FAR = "europe-west1";
const DOMAIN = "https://jobs.example.com";

type Place = { project?: string; region: string; internal: boolean };
type Kind = "Run" | "gen 2" | "gen 1";

let stack: Reached;
/** Whoever deploys each project: in the default ones the same owner, who stands there once. */
const deployers = (): Record<string, string> => {
  const [here, there] = [PROJECT, OTHER].map(({ id }) => stack.cloud.deployer(id)) as [string, string];
  return here === there ? { here } : { here, there };
};

/** Two projects, of which the sources are in the first. */
class Reached extends TestStack {
  readonly ingress = new Ingress(this.cloud, () => Promise.resolve({ status: 200, headers: {}, body: "ok" }));
  readonly delivery = new Delivery(this.cloud, this.ingress);

  constructor(kind: ProjectKind) {
    super({ projects: [PROJECT, OTHER].map((project) => ({ ...project, kind })) });
    for (const { id } of [PROJECT, OTHER]) {
      // In a hardened project somebody has to ask for it.
      this.cloud.projects.createServiceIdentity(id, "pubsub.googleapis.com");
    }
  }
}

const TARGETS: Readonly<Record<Kind, (place: Place, caller: CallerIdentity) => AuthorizedTarget>> = {
  Run: ({ internal, ...place }, caller) =>
    new CloudRunService("target", {
      image: "hello",
      ...place,
      ingress: internal ? RunIngress.Internal : undefined,
      deployers: deployers(),
    }).authorize(caller),
  "gen 2": ({ internal, ...place }, caller) =>
    new CloudFunction("target", {
      ...FUNCTION,
      ...place,
      ingress: internal ? FunctionIngress.Internal : undefined,
      deployers: deployers(),
    }).authorize(caller),
  "gen 1": ({ internal, ...place }, caller) =>
    new CloudFunctionV1("target", {
      ...FUNCTION,
      ...place,
      ingress: internal ? FunctionIngress.Internal : undefined,
      deployers: deployers(),
    }).authorize(caller),
};
const FUNCTION = { source: "apps/authfn", entryPoint: "helloHttp" };

/** Each source with the name that it has, in the region that the provider says too. */
const SOURCES: Readonly<Record<string, (target: pulumi.Input<AuthorizedTarget>) => unknown>> = {
  job: (target) => new SchedulerJob("job", { schedule: "0 3 * * *", target }),
  push: (target) => new PushSubscription("push", { target }),
  queue: (target) => new TaskQueue("queue", { region: REGION, target }),
};

/** The first attempt of every source. */
async function calls(kind: ProjectKind, target: () => pulumi.Input<AuthorizedTarget>): Promise<Attempt[]> {
  stack = new Reached(kind);
  const up = await stack.up(() => {
    const whole = target();
    for (const make of Object.values(SOURCES)) make(whole);
  });
  const run = stack.delivery.runJob(up.resource("Job", "job").id ?? "");
  await stack.delivery.publish(up.resource("Topic", "push-topic").id ?? "", { data: "eA==" });
  stack.delivery.tasks.buffer(stack.cloud.deployer(PROJECT.id), up.resource("Queue", "queue").id ?? "");
  await stack.clock.advance(3_600_000);
  await run;
  const firsts = ["scheduler-job", "push-subscription", "task-queue"].map((source) =>
    stack.delivery.attempts.find((attempt) => attempt.source.kind === source),
  );
  stack.delivery.stop();
  return firsts.map((attempt) => {
    if (attempt === undefined) throw new Error("a source did not call");
    return attempt;
  });
}

const caller = () => new CallerIdentity("caller", { deployers: { here: stack.cloud.deployer(PROJECT.id) } });

/** What comes of it, by kind of target: a status, and why when it is not 200. */
type Outcome = 200 | readonly [status: number, why: string];
const NOT_RUN_APP: Outcome = [
  404,
  "Google's services count as internal on the run.app address alone, not on cloudfunctions.net",
];
const NOT_INSIDE: Outcome = [
  404,
  `this request comes from the project "${PROJECT.id}", not from "${OTHER.id}"`,
];

/** https://docs.cloud.google.com/run/docs/securing/ingress */
const CASES: Readonly<Record<string, { place: Place; outcomes: Readonly<Record<Kind, Outcome>> }>> = {
  "in the source's project and region": {
    place: { region: REGION, internal: false },
    outcomes: { Run: 200, "gen 2": 200, "gen 1": 200 },
  },
  "in another region": {
    place: { region: FAR, internal: false },
    outcomes: { Run: 200, "gen 2": 200, "gen 1": 200 },
  },
  "in another project": {
    place: { project: OTHER.id, region: REGION, internal: false },
    outcomes: { Run: 200, "gen 2": 200, "gen 1": 200 },
  },
  "in another project and region": {
    place: { project: OTHER.id, region: FAR, internal: false },
    outcomes: { Run: 200, "gen 2": 200, "gen 1": 200 },
  },
  "with internal ingress": {
    place: { region: REGION, internal: true },
    outcomes: { Run: 200, "gen 2": 200, "gen 1": NOT_RUN_APP },
  },
  "with internal ingress in another region": {
    place: { region: FAR, internal: true },
    outcomes: { Run: 200, "gen 2": 200, "gen 1": NOT_RUN_APP },
  },
  "with internal ingress in another project": {
    place: { project: OTHER.id, region: REGION, internal: true },
    outcomes: { Run: NOT_INSIDE, "gen 2": NOT_INSIDE, "gen 1": NOT_INSIDE },
  },
};

const TABLE = Object.entries(CASES).flatMap(([where, { place, outcomes }]) =>
  (Object.keys(TARGETS) as Kind[]).flatMap((kind) =>
    (["default", "hardened"] as const).map((project) => ({
      kind,
      where,
      project,
      place,
      outcome: outcomes[kind],
    })),
  ),
);

test.each(TABLE)(
  "$kind $where, called from a $project project",
  async ({ kind, place, project, outcome }) => {
    const [status, why] = outcome === 200 ? [200, "Let in, answered 200."] : outcome;
    for (const attempt of await calls(project, () => TARGETS[kind](place, caller()))) {
      expect([attempt.source.kind, attempt.response?.status]).toEqual([attempt.source.kind, status]);
      expect(attempt.reason).toContain(why);
    }
  },
);

describe.each(["default", "hardened"] as const)("a custom domain, in a %s project", (project) => {
  test("is an audience of the Run service that declares it", async () => {
    const attempts = await calls(project, () =>
      new CloudRunService("target", {
        image: "hello",
        region: REGION,
        customAudiences: [DOMAIN],
        deployers: deployers(),
      }).authorize(caller()),
    );
    for (const { response, audience } of attempts)
      expect([response?.status, audience]).toEqual([200, DOMAIN]);
  });

  test("is none of a function, which cannot declare it", async () => {
    const attempts = await calls(project, () => {
      const { nodes } = new CloudFunction("target", { ...FUNCTION, region: REGION, deployers: deployers() });
      const config = nodes.function.serviceConfig.apply((found) => ({
        service: found?.service.split("/").at(-1) ?? "",
        uri: found?.uri ?? "",
      }));
      return new RunInvoker("by-hand", {
        service: config.service,
        region: REGION,
        url: config.uri,
        audience: DOMAIN,
        caller: caller(),
      });
    });
    for (const { response, reason } of attempts) {
      expect(response?.status).toBe(401);
      expect(reason).toContain(`The token is for the audience "${DOMAIN}", and Run service "target`);
    }
  });
});

describe("what Google does not allow at all is refused before anything is made", () => {
  const FOREIGN = "caller@other-project.iam.gserviceaccount.com";
  const TARGET = {
    url: "https://hello.example",
    audience: "https://hello.example",
    serviceAccountEmail: FOREIGN,
  };
  const WHY =
    'is an account of project "other-project", and this source lies in "my-project"; Google takes accounts of the source\'s own project only';

  test.each(Object.keys(SOURCES))("a %s that calls as an account of another project", async (source) => {
    stack = new Reached("default");
    await expect(stack.preview(() => void SOURCES[source]?.(TARGET))).rejects.toThrow(WHY);
    expect(stack.cloud.store.size).toBe(0);
  });
});
