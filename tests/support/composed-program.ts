import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pubsub from "@pulumi/gcp/pubsub";
import type * as pulumi from "@pulumi/pulumi";
import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunService,
  EndpointsService,
  EnvoyFront,
  ExternalApplication,
  IstioWorkload,
  PushSubscription,
  RunInvoker,
  RunInvokerRole,
  SchedulerJob,
  TaskQueue,
} from "../../components";
import type { AuthorizedTarget, CallerIdentityArgs } from "../../components";
import { knownTo } from "./compositions";
import type { CallerKind, Composition, EdgeSpec, TargetKind } from "./compositions";

/** What a composition hands out, for those who try its doors. */
export interface Doors {
  readonly callers: readonly string[];
  readonly targets: readonly {
    readonly url: string;
    readonly audience: string;
    /** What whoever runs the mesh or Envoy is given. */
    readonly document?: string;
  }[];
}

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
      targets: targets.map(({ url, audience, document }) => ({ url, audience, document })),
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
  readonly document?: pulumi.Input<string>;
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
  brought: (name, { runtime }) => brought(name, runtime),
  application: (name, _, callers) => {
    const host = hostOf(name);
    return opened(
      new ExternalApplication(name, { url: `https://${host}/in`, audience: `urn:${host}`, callers }),
    );
  },
  endpoints: (name, around, callers) => {
    const args = { ...behindGateway(name, around, callers), deletionProtection: false };
    return opened(new EndpointsService(name, args));
  },
  "api gateway": (name, around, callers) =>
    opened(new ApiGateway(name, behindGateway(name, around, callers))),
  mesh: (name, _, callers) => {
    const { namespace, labels } = WORKLOAD;
    const args = { url: `https://${hostOf(name)}`, callers, namespace, selector: { app: labels.app } };
    const workload = new IstioWorkload(name, args);
    return { ...opened(workload), document: workload.yaml };
  },
  envoy: (name, _, callers) => {
    const upstream = { address: "127.0.0.1", port: 3000 };
    const front = new EnvoyFront(name, { url: `https://${hostOf(name)}`, callers, upstream });
    return { ...opened(front), document: front.yaml };
  },
};

/** The workload in the mesh. */
export const WORKLOAD = { namespace: "books", labels: { app: "ledger", version: "v1" } };

const FUNCTION = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION };

function makeTarget(
  composition: Composition,
  index: number,
  callers: readonly CallerIdentity[],
  around: Surroundings,
): Target {
  const { name, kind } = composition.targets[index] ?? { name: "", kind: "service" };
  const known = knownTo(composition, index).flatMap((caller) => callers[caller] ?? []);
  return MAKE[kind](name, around, Object.fromEntries(known.map((caller) => [caller.logicalName, caller])));
}

function opened(target: {
  readonly uri: pulumi.Output<string>;
  readonly audience: pulumi.Output<string>;
  readonly authorize: (caller: CallerIdentity) => AuthorizedTarget;
}): Target {
  return { url: target.uri, audience: target.audience, authorize: (caller) => target.authorize(caller) };
}

function hostOf(name: string): string {
  return `${Buffer.from(name).toString("hex").slice(0, 40)}.example.com`;
}

/** A private service that is told who may call, and what the gateway before it is given. */
function behindGateway(name: string, { deployers }: Surroundings, callers: Record<string, CallerIdentity>) {
  const shared = { audience: `https://${hostOf(name)}`, callers };
  const service = new CloudRunService(`behind-${Buffer.from(name).toString("hex").slice(0, 20)}`, {
    image: IMAGE,
    region: REGION,
    environment: new BackendCallers(name, shared).environment,
    deletionProtection: false,
    deployers,
  });
  const backend = { service: service.serviceName, region: REGION, url: service.uri };
  return { ...shared, backend, region: REGION, deployers };
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
