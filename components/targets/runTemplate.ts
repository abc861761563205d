import type * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as pulumi from "@pulumi/pulumi";
import type { SecretReferences } from "./runtimeAccount";
import { secretLeaves } from "./runtimeAccount";

/** What leaves through private networks. */
export const EgressSetting = {
  /** Only what goes to private addresses. */
  PrivateRangesOnly: "PRIVATE_RANGES_ONLY",
  /** Everything. */
  AllTraffic: "ALL_TRAFFIC",
} as const;
export type EgressSetting = (typeof EgressSetting)[keyof typeof EgressSetting];

/** How a service reaches private networks: straight into a network, or through a connector. */
export interface VpcEgress {
  /** Name of the network. */
  network?: pulumi.Input<string>;
  /** Name of the subnetwork. */
  subnetwork?: pulumi.Input<string>;
  /** Full name of a Serverless VPC Access connector, instead of a network. */
  connector?: pulumi.Input<string>;
  /** What leaves this way. Default: only what goes to private addresses. */
  egress?: EgressSetting;
}

/** What the container of a service and that of a job have in common. */
interface ContainerArgs {
  readonly image: pulumi.Input<string>;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  readonly secrets: SecretReferences;
  readonly cpu: pulumi.Input<string>;
  readonly memory: pulumi.Input<string>;
  readonly timeout: pulumi.Input<string>;
  readonly vpcEgress?: VpcEgress;
  readonly cloudSqlInstances: readonly pulumi.Input<string>[];
}

/** What a revision is made from. */
export interface RunTemplateArgs extends ContainerArgs {
  readonly port: pulumi.Input<number>;
  readonly maxInstances: pulumi.Input<number>;
  readonly concurrency: pulumi.Input<number>;
}

/** What a job's tasks are made from. */
export interface TaskTemplateArgs extends ContainerArgs {
  readonly command?: pulumi.Input<string>[];
  readonly arguments?: pulumi.Input<string>[];
  readonly maxRetries: pulumi.Input<number>;
}

type Template = Plain<cloudrunv2.ServiceArgs["template"]>;
type TaskTemplate = Plain<Plain<cloudrunv2.JobArgs["template"]>["template"]>;
type Plain<T> = Exclude<T, Promise<unknown> | pulumi.OutputInstance<unknown>>;

/** The revision template of a Run service. Every input stays a leaf, so that one unknown hides nothing else. */
export function runTemplate(args: RunTemplateArgs, serviceAccount: pulumi.Input<string>): Template {
  return {
    serviceAccount,
    timeout: args.timeout,
    maxInstanceRequestConcurrency: args.concurrency,
    scaling: { maxInstanceCount: args.maxInstances },
    containers: [{ ...container(args), ports: { containerPort: args.port } }],
    ...surroundings(args),
  };
}

/** The template of a Run job's tasks, in the same way. */
export function taskTemplate(args: TaskTemplateArgs, serviceAccount: pulumi.Input<string>): TaskTemplate {
  return {
    serviceAccount,
    timeout: args.timeout,
    maxRetries: args.maxRetries,
    containers: [{ ...container(args), commands: args.command, args: args.arguments }],
    ...surroundings(args),
  };
}

function container(args: ContainerArgs) {
  return {
    image: args.image,
    resources: { limits: { cpu: args.cpu, memory: args.memory } },
    envs: environmentOf(args),
    ...(args.cloudSqlInstances.length > 0
      ? { volumeMounts: [{ name: "cloudsql", mountPath: "/cloudsql" }] }
      : {}),
  };
}

function surroundings({ cloudSqlInstances, vpcEgress }: ContainerArgs) {
  return {
    ...(cloudSqlInstances.length > 0
      ? { volumes: [{ name: "cloudsql", cloudSqlInstance: { instances: [...cloudSqlInstances] } }] }
      : {}),
    ...(vpcEgress === undefined ? {} : { vpcAccess: vpcAccessOf(vpcEgress) }),
  };
}

/** In order of name: the list's order is part of the resource, and a reordered program is no change. */
function environmentOf({ environment, secrets }: ContainerArgs) {
  const plain = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const secret = secretLeaves(secrets).map(({ variable, secret: id, version }) => ({
    name: variable,
    valueSource: { secretKeyRef: { secret: id, version } },
  }));
  return [...plain, ...secret].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function vpcAccessOf({ network, subnetwork, connector, egress }: VpcEgress) {
  return {
    connector,
    egress: egress ?? EgressSetting.PrivateRangesOnly,
    ...(network === undefined && subnetwork === undefined
      ? {}
      : { networkInterfaces: [{ network, subnetwork }] }),
  };
}
