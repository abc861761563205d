import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pulumi from "@pulumi/pulumi";
import { after } from "../wiring/after";
import type { Subject } from "../wiring/checks";
import { checked, nonEmpty, oneOf, within } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { checkedLabels } from "../wiring/labels";
import { regionName } from "../wiring/places";
import type { CloudRunServiceArgs } from "./CloudRunService";
import { instanceLimits } from "./instances";
import type { RunIdentity } from "./runIdentity";
import { RunIngress } from "./runIngress";
import { runServiceName } from "./runServiceName";
import { runTemplate } from "./runTemplate";

/** The Run service of a `CloudRunService`, made after what its revision needs. */
export function createRunService(
  subject: Subject,
  args: CloudRunServiceArgs,
  identity: RunIdentity,
  options: pulumi.CustomResourceOptions,
): cloudrunv2.Service {
  const { name, options: named } = runServiceName(subject, args.serviceName, options);
  const instances = instanceLimits(subject, args, 1000);
  return new cloudrunv2.Service(
    subject.name,
    {
      name,
      location: checked(subject, "region", args.region, regionName),
      project: args.project,
      description: args.description,
      ingress: checked(subject, "ingress", args.ingress ?? RunIngress.All, oneOf(RunIngress)),
      customAudiences: args.customAudiences?.map((audience) =>
        checked(subject, "customAudiences", audience, nonEmpty),
      ),
      deletionProtection: args.deletionProtection,
      labels: checkedLabels(subject, args.labels),
      // Left out and not false: whoever does not ask for it sees no change of a service that is there already.
      iapEnabled: args.iap === undefined ? undefined : true,
      scaling: {
        minInstanceCount: instances.min,
      },
      template: runTemplate(
        {
          image: checked(subject, "image", args.image, nonEmpty),
          environment: args.environment ?? {},
          secrets: args.secrets ?? {},
          cpu: args.cpu ?? "1",
          memory: args.memory ?? "512Mi",
          port: checked(subject, "port", args.port ?? 8080, within(1, 65535, "")),
          maxInstances: instances.max,
          concurrency: checked(subject, "concurrency", args.concurrency ?? 80, within(1, 1000, "requests")),
          timeout: checked(subject, "timeout", args.timeout ?? "300s", durationWithin(1, 3600)),
          vpcEgress: args.vpcEgress,
          cloudSqlInstances: args.cloudSqlInstances ?? [],
        },
        after(identity.attachableEmail, identity.revisionNeeds),
      ),
    },
    args.imageDeployedElsewhere === true
      ? // What the other pipeline writes: the image, and which tool wrote it.
        pulumi.mergeOptions(named, {
          ignoreChanges: ["template.containers[0].image", "client", "clientVersion"],
        })
      : named,
  );
}
