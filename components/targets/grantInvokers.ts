import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import type { Members } from "../wiring/members";
import { checkedMembers } from "../wiring/members";
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
  invokers: Members,
  service: ServiceLocation,
  options: pulumi.CustomResourceOptions,
): Record<string, cloudrunv2.ServiceIamMember> {
  return Object.fromEntries(
    checkedMembers(subject, "invokers", invokers).map(([key, member]) => [
      key,
      new cloudrunv2.ServiceIamMember(
        `${subject.name}-invoker-${key}`,
        {
          name: service.name,
          location: service.location,
          project: service.project,
          role: RunInvokerRole.Invoker,
          member,
        },
        grantOf(options),
      ),
    ]),
  );
}
