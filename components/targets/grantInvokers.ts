import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as pulumi from "@pulumi/pulumi";
import { namedMember } from "../wiring/accounts";
import type { Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { grantOf } from "../wiring/options";
import { RunInvokerRole } from "./RunInvoker";

/** The Run service that grants lie on. */
export interface ServiceLocation {
  readonly name: pulumi.Input<string>;
  readonly location: pulumi.Input<string>;
  readonly project: pulumi.Input<string>;
}

/** Lets people and others in that no source here speaks for: a grant for each key of the map. */
export function grantInvokers(
  subject: Subject,
  invokers: Readonly<Record<string, pulumi.Input<string>>>,
  service: ServiceLocation,
  options: pulumi.CustomResourceOptions,
): Record<string, cloudrunv2.ServiceIamMember> {
  return Object.fromEntries(
    Object.entries(invokers).map(([key, member]) => [
      key,
      new cloudrunv2.ServiceIamMember(
        `${subject.name}-invoker-${key}`,
        {
          name: service.name,
          location: service.location,
          project: service.project,
          role: RunInvokerRole.Invoker,
          member: checked(subject, `invokers.${key}`, member, namedMember),
        },
        grantOf(options),
      ),
    ]),
  );
}
