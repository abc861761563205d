import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pubsub from "@pulumi/gcp/pubsub";
import type * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import {
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunService,
  ExternalApplication,
  PushSubscription,
  RunInvoker,
  RunInvokerRole,
  SchedulerJob,
  TaskQueue,
} from "../../components";
import type {
  AuthorizedTarget,
  CallerIdentityArgs,
  PushSubscriptionArgs,
  SchedulerJobArgs,
  TaskQueueArgs,
} from "../../components";

/** A program made at random: who calls, what is called, and which source calls what as whom (by index). */
export interface Composition {
  readonly callers: readonly { readonly name: string; readonly kind: CallerKind }[];
  readonly targets: readonly { readonly name: string; readonly kind: TargetKind }[];
  readonly edges: readonly EdgeSpec[];
  /** What is added beside it, and has nothing to do with it. */
  readonly unrelated: "caller" | "service" | "source";
}

type CallerKind = "own" | "custom role" | "existing";
type TargetKind =
  "service" | "service with an audience" | "function" | "function v1" | "application" | "brought";

interface EdgeSpec {
  readonly name: string;
  readonly caller: number;
  readonly target: number;
  readonly source:
    | { readonly kind: "job"; readonly options: Partial<SchedulerJobArgs> }
    | {
        readonly kind: "queue";
        readonly hasEnqueuer: boolean;
        readonly options: Partial<TaskQueueArgs>;
      }
    | {
        readonly kind: "push";
        readonly sharedTopic: boolean;
        readonly options: Partial<PushSubscriptionArgs>;
      };
}

/** What a composition hands out, for those who try its doors. */
export interface Doors {
  readonly callers: readonly string[];
  readonly targets: readonly { readonly url: string; readonly audience: string }[];
}

const ODD_NAMES = [
  "Upper-CASE",
  "snake_case.and.dots",
  "3rd-digit-first",
  "ends-with-a-hyphen-",
  "-starts-with-one",
  "Grüße an die Welt",
  "日本語の名前",
  "🚀",
  "goog-is-reserved",
  "google",
  "with/slash and $ign",
  "a::b",
  "x",
  "l".repeat(49),
  `${"very-".repeat(40)}long`,
  "語".repeat(60),
];

const nameOf = fc.oneof(
  fc.constantFrom(...ODD_NAMES),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,24}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 70 }),
);

/**
 * Different names, of which none is the front part of another: components name their children after themselves with a
 * hyphen, so "a" with a child "b-c" and "a-b" with a child "c" would be two of one name.
 */
const names = fc
  .uniqueArray(nameOf, { minLength: 7, maxLength: 7 })
  .filter((all) =>
    all.every((one) => !all.some((other) => one.startsWith(`${other}-`)) && !one.startsWith("unrelated")),
  );

const path = fc.constantFrom(undefined, "work", "/a/b", "tasks/%C3%BC/");
const query = fc.constantFrom(undefined, { day: "1", what: "a&b" });

const job = fc.record({
  kind: fc.constant("job" as const),
  options: fc.record({
    path,
    query,
    timeZone: fc.constantFrom("Etc/UTC", "Asia/Tokyo"),
    body: fc.constantFrom(undefined, "text", { some: ["json"] }),
    paused: fc.boolean(),
  }),
});

const push = fc.record({
  kind: fc.constant("push" as const),
  sharedTopic: fc.boolean(),
  options: fc.record({
    path,
    query,
    ordering: fc.boolean(),
    unwrapped: fc.boolean(),
    filter: fc.constantFrom(undefined, "NOT attributes:internal"),
    deadLetters: fc.constantFrom(undefined, {}, { maxDeliveryAttempts: 5 }),
  }),
});

const queue = fc.record({
  kind: fc.constant("queue" as const),
  hasEnqueuer: fc.boolean(),
  options: fc.record({
    path,
    query,
    paused: fc.boolean(),
    method: fc.constantFrom(undefined, "GET" as const, "PUT" as const),
    rateLimits: fc.constantFrom(undefined, { maxDispatchesPerSecond: 0.5 }),
    headers: fc.constantFrom(undefined, { "X-Shop": "eu" }),
    tasksNameCaller: fc.boolean(),
  }),
});

/** What is quick to deploy comes more often. */
const callerKind = weighted<CallerKind>({ own: 2, existing: 2, "custom role": 1 });
const targetKind = weighted<TargetKind>({
  service: 3,
  "service with an audience": 3,
  function: 1,
  "function v1": 1,
  application: 2,
  brought: 2,
});

function weighted<T extends string>(weights: Readonly<Record<T, number>>): fc.Arbitrary<T> {
  const kinds = Object.keys(weights) as T[];
  return fc.oneof(...kinds.map((kind) => ({ arbitrary: fc.constant(kind), weight: weights[kind] })));
}

/** Up to two callers, two targets and three sources, which share these as it happens. */
export const compositions: fc.Arbitrary<Composition> = fc
  .tuple(
    names,
    fc.array(callerKind, { minLength: 1, maxLength: 2 }),
    fc.array(targetKind, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(fc.nat(1), fc.nat(1), fc.oneof(job, push, queue)), { minLength: 1, maxLength: 3 }),
    fc.constantFrom("caller" as const, "service" as const, "source" as const),
  )
  .map(([all, callers, targets, edges, unrelated]) => ({
    unrelated,
    callers: callers.map((kind, i) => ({ name: all[i] ?? "", kind })),
    targets: targets.map((kind, i) => ({ name: all[2 + i] ?? "", kind })),
    edges: edges.map(([caller, target, source], i) => ({
      name: all[4 + i] ?? "",
      caller: caller % callers.length,
      target: target % targets.length,
      source,
    })),
  }));

/** What of a composition depends on where it is deployed. */
export interface Surroundings {
  /** Accounts that are there already, one for each caller. */
  readonly existing: readonly string[];
  readonly runtime: string;
  readonly deployers: Record<string, string>;
}

const REGION = "us-central1";
const IMAGE = "us-docker.pkg.dev/cloudrun/container/hello";

/** The program of a composition; with the unrelated beside it, if asked for. */
export function programOf(composition: Composition, around: Surroundings, unrelated = false): () => unknown {
  return () => {
    if (unrelated) UNRELATED[composition.unrelated](around);
    const callers = composition.callers.map(({ name, kind }, i) => {
      return new CallerIdentity(name, {
        ...callerArgs(kind, around.existing[i] ?? ""),
        deployers: around.deployers,
      });
    });
    const targets = composition.targets.map((_, i) => makeTarget(composition, i, callers, around));
    const topic = composition.edges.some(({ source }) => source.kind === "push" && source.sharedTopic)
      ? new pubsub.Topic("shared")
      : undefined;
    for (const edge of composition.edges) {
      const caller = callers[edge.caller];
      const target = caller && targets[edge.target]?.authorize(caller);
      if (target !== undefined) makeSource(edge, target, topic);
    }
    return {
      callers: callers.map(({ email }) => email),
      targets: targets.map(({ url, audience }) => ({ url, audience })),
    };
  };
}

function callerArgs(kind: CallerKind, existingEmail: string): CallerIdentityArgs {
  const args: Readonly<Record<CallerKind, CallerIdentityArgs>> = {
    own: {},
    "custom role": { customRole: true },
    existing: { existingEmail, mintingGrants: true },
  };
  return args[kind];
}

interface Target {
  readonly url: pulumi.Input<string>;
  readonly audience: pulumi.Input<string>;
  readonly authorize: (caller: CallerIdentity) => AuthorizedTarget;
}

type Making = (name: string, around: Surroundings, callers: Record<string, CallerIdentity>) => Target;

const MAKE: Readonly<Record<TargetKind, Making>> = {
  service: (name, { deployers }) => {
    return opened(
      new CloudRunService(name, { image: IMAGE, region: REGION, deletionProtection: false, deployers }),
    );
  },
  "service with an audience": (name, { deployers }) => {
    const customAudiences = ["https://custom.example.com", "urn:another"];
    const args = { image: IMAGE, region: REGION, deletionProtection: false, customAudiences, deployers };
    const service = new CloudRunService(name, args);
    const role = RunInvokerRole.ServicesInvoker;
    return { ...opened(service), authorize: (caller) => service.authorize(caller, { role }) };
  },
  function: (name, { deployers }) => opened(new CloudFunction(name, { ...FUNCTION, deployers })),
  "function v1": (name, { deployers }) => opened(new CloudFunctionV1(name, { ...FUNCTION, deployers })),
  application: (name, _, callers) => {
    const host = `${Buffer.from(name).toString("hex").slice(0, 40)}.example.com`;
    return opened(
      new ExternalApplication(name, { url: `https://${host}/in`, audience: `urn:${host}`, callers }),
    );
  },
  brought: (name, { runtime }) => brought(name, runtime),
};

const FUNCTION = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION };

function makeTarget(
  { targets, edges }: Composition,
  index: number,
  callers: readonly CallerIdentity[],
  around: Surroundings,
): Target {
  const { name, kind } = targets[index] ?? { name: "", kind: "service" };
  const own = edges
    .filter(({ target }) => target === index)
    .map(({ caller }) => callers[caller] ?? callers[0]);
  const known = Object.fromEntries(own.flatMap((caller) => (caller ? [[caller.logicalName, caller]] : [])));
  // An application that nobody may call is refused, and has to know its callers from the start.
  const [first] = callers;
  return MAKE[kind](name, around, own.length === 0 && first ? { [first.logicalName]: first } : known);
}

function opened(target: {
  readonly uri: pulumi.Output<string>;
  readonly audience: pulumi.Output<string>;
  readonly authorize: (caller: CallerIdentity) => AuthorizedTarget;
}): Target {
  return { url: target.uri, audience: target.audience, authorize: (caller) => target.authorize(caller) };
}

/** A service that no component has made, opened by invokers of its own: one a caller. */
function brought(name: string, serviceAccount: string): Target {
  const service = new cloudrunv2.Service(`brought-${Buffer.from(name).toString("hex").slice(0, 20)}`, {
    location: REGION,
    template: { serviceAccount, containers: [{ image: IMAGE }] },
    deletionProtection: false,
  });
  const invokers = new Map<CallerIdentity, RunInvoker>();
  const authorize = (caller: CallerIdentity): RunInvoker => {
    const args = { service: service.name, region: service.location, url: service.uri, caller };
    const invoker = invokers.get(caller) ?? new RunInvoker(`${name}-${caller.logicalName}`, args);
    invokers.set(caller, invoker);
    return invoker;
  };
  return { url: service.uri, audience: service.uri, authorize };
}

function makeSource(
  { name, source }: EdgeSpec,
  target: AuthorizedTarget,
  topic: pubsub.Topic | undefined,
): void {
  if (source.kind === "job") {
    new SchedulerJob(name, { ...source.options, schedule: "5 * * * *", region: REGION, target });
  } else if (source.kind === "queue") {
    // Another member for each queue: two grants of the same on one caller's account would be one binding with two owners.
    const enqueuers = { shop: `user:${Buffer.from(name).toString("hex")}@example.com` };
    new TaskQueue(name, {
      ...source.options,
      ...(source.hasEnqueuer && { enqueuers }),
      region: REGION,
      target,
    });
  } else {
    new PushSubscription(name, {
      ...source.options,
      ...(source.sharedTopic && { topic: topic?.id }),
      target,
    });
  }
}

const UNRELATED: Readonly<Record<Composition["unrelated"], (around: Surroundings) => unknown>> = {
  caller: ({ deployers }) => new CallerIdentity("unrelated", { deployers }),
  service: ({ deployers }) => new CloudRunService("unrelated", { image: IMAGE, region: REGION, deployers }),
  source: ({ existing: [serviceAccountEmail = ""] }) => {
    const target = { url: "https://example.com", audience: "https://example.com", serviceAccountEmail };
    return new SchedulerJob("unrelated", { schedule: "5 * * * *", region: REGION, target });
  },
};
