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

/** What a revision is made from. */
export interface RunTemplateArgs {
  readonly image: pulumi.Input<string>;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  readonly secrets: SecretReferences;
  readonly cpu: pulumi.Input<string>;
  readonly memory: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly maxInstances: pulumi.Input<number>;
  readonly concurrency: pulumi.Input<number>;
  readonly timeout: pulumi.Input<string>;
  readonly vpcEgress?: VpcEgress;
  readonly cloudSqlInstances: readonly pulumi.Input<string>[];
}

type Template = Exclude<
  cloudrunv2.ServiceArgs["template"],
  Promise<unknown> | pulumi.OutputInstance<unknown>
>;

/** The revision template of a Run service. Every input stays a leaf, so that one unknown hides nothing else. */
export function runTemplate(args: RunTemplateArgs, serviceAccount: pulumi.Input<string>): Template {
  const usesSql = args.cloudSqlInstances.length > 0;
  return {
    serviceAccount,
    timeout: args.timeout,
    maxInstanceRequestConcurrency: args.concurrency,
    scaling: { maxInstanceCount: args.maxInstances },
    containers: [
      {
        image: args.image,
        resources: { limits: { cpu: args.cpu, memory: args.memory } },
        ports: { containerPort: args.port },
        envs: environmentOf(args),
        ...(usesSql ? { volumeMounts: [{ name: "cloudsql", mountPath: "/cloudsql" }] } : {}),
      },
    ],
    ...(usesSql
      ? { volumes: [{ name: "cloudsql", cloudSqlInstance: { instances: [...args.cloudSqlInstances] } }] }
      : {}),
    ...(args.vpcEgress === undefined ? {} : { vpcAccess: vpcAccessOf(args.vpcEgress) }),
  };
}

/** In order of name: the list's order is part of the resource, and a reordered program is no change. */
function environmentOf({ environment, secrets }: RunTemplateArgs) {
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
