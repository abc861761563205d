import type * as pulumi from "@pulumi/pulumi";
import {
  ApiGateway,
  BackendCallers,
  CloudRunService,
  EndpointsService,
  EnvoyFront,
  IstioWorkload,
  SchedulerJob,
} from "./components";
import type { AuthorizedTarget, CallerIdentity, SchedulerJobArgs } from "./components";
import type { StackConfig } from "./config";

/** What the targets behind a front have in common. */
interface Shared {
  readonly config: StackConfig;
  readonly project: pulumi.Input<string>;
  readonly caller: CallerIdentity;
  readonly schedule: Omit<SchedulerJobArgs, "target">;
}

/** A source's call, as the stack exports it. */
interface Call {
  readonly url: SchedulerJob["url"];
  readonly audience: SchedulerJob["audience"];
}

/** What the fronts come to: their sources' calls, and the documents for whoever runs the mesh and Envoy. */
interface Fronts {
  readonly calls: Readonly<Record<string, Call>>;
  readonly documents?: Readonly<Record<string, pulumi.Output<string>>>;
}

const NONE: Fronts = { calls: {} };

/** Whatever checks the token by a document, before the application: as far as the configuration wants it. */
export function deployFronts(shared: Shared): Required<Fronts> {
  const fronts = [gateways(shared), mesh(shared), envoy(shared)];
  return {
    calls: Object.assign({}, ...fronts.map(({ calls }) => calls)) as Fronts["calls"],
    documents: Object.assign(
      {},
      ...fronts.map(({ documents }) => documents),
    ) as Required<Fronts>["documents"],
  };
}

/** Cloud Endpoints and API Gateway, before one private service that looks at who calls. */
function gateways({ config, project, caller, schedule }: Shared): Fronts {
  if (config.receiverImage === undefined) return NONE;
  const { region, deployers, deletionProtection } = config;
  const shared = { audience: "https://behind.example.com", callers: { [caller.logicalName]: caller } };
  const behind = new CloudRunService("behind", {
    project,
    region,
    deployers,
    deletionProtection,
    image: config.receiverImage,
    environment: new BackendCallers("behind", shared).environment,
  });
  const backend = { service: behind.serviceName, region, project, url: behind.uri };
  const endpoints = new EndpointsService("endpoints", {
    ...shared,
    project,
    region,
    deployers,
    deletionProtection,
    backend,
  });
  const gateway = new ApiGateway("gateway", { ...shared, project, region, deployers, backend });
  return {
    calls: {
      endpointstest: call("endpointstest", schedule, endpoints.authorize(caller)),
      gatewaytest: call("gatewaytest", schedule, gateway.authorize(caller)),
    },
  };
}

/** A workload of a mesh: whoever runs the cluster applies the manifests. */
function mesh({ config, caller, schedule }: Shared): Fronts {
  if (config.meshUrl === undefined) return NONE;
  const workload = new IstioWorkload("workload", {
    url: config.meshUrl,
    callers: { [caller.logicalName]: caller },
    namespace: "default",
    selector: { app: "workload" },
  });
  return {
    calls: { meshtest: call("meshtest", schedule, workload.authorize(caller)) },
    documents: { istio: workload.yaml },
  };
}

/** An application behind an Envoy of one's own: whoever runs it gives it the configuration. */
function envoy({ config, caller, schedule }: Shared): Fronts {
  if (config.envoyUrl === undefined) return NONE;
  const front = new EnvoyFront("front", {
    url: config.envoyUrl,
    callers: { [caller.logicalName]: caller },
    upstream: { address: "127.0.0.1", port: 3000 },
  });
  return {
    calls: { envoytest: call("envoytest", schedule, front.authorize(caller)) },
    documents: { envoy: front.yaml },
  };
}

function call(name: string, schedule: Shared["schedule"], target: AuthorizedTarget): Call {
  const { url, audience } = new SchedulerJob(name, { ...schedule, target });
  return { url, audience };
}
