import * as cloudtasks from "@pulumi/gcp/cloudtasks";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { accountName } from "../wiring/accounts";
import type { Subject } from "../wiring/checks";
import type { Members } from "../wiring/members";
import { checkedMembers } from "../wiring/members";
import { grantOf } from "../wiring/options";

/** Who is let put tasks where. */
export interface EnqueuerRequest {
  readonly enqueuers: Members;
  readonly queue: cloudtasks.Queue;
  /** The account that their tasks name; none when the queue adds the token. */
  readonly caller: pulumi.Input<string> | undefined;
}

/** The grants, by the enqueuers' keys. */
export interface EnqueuerGrants {
  readonly enqueuers: Record<string, cloudtasks.QueueIamMember>;
  readonly callerUsers: Record<string, serviceaccount.IAMMember>;
  /** A literal of each grant, to wait for. */
  readonly roles: readonly pulumi.Output<string>[];
}

/** Lets each enqueuer put tasks into one queue, and name one account in them if it has to. */
export function grantEnqueuers(
  subject: Subject,
  { enqueuers, queue, caller }: EnqueuerRequest,
  options: pulumi.CustomResourceOptions,
): EnqueuerGrants {
  const members = checkedMembers(subject, "enqueuers", enqueuers);
  const onQueue = members.map(
    ([key, member]) => [key, enqueuer(`${subject.name}-enqueuer-${key}`, queue, member, options)] as const,
  );
  const onCaller =
    caller === undefined
      ? []
      : members.map(
          ([key, member]) => [key, user(`${subject.name}-actas-${key}`, caller, member, options)] as const,
        );
  return {
    enqueuers: Object.fromEntries(onQueue),
    callerUsers: Object.fromEntries(onCaller),
    roles: [...onQueue, ...onCaller].map(([, grant]) => grant.role),
  };
}

function enqueuer(
  name: string,
  queue: cloudtasks.Queue,
  member: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): cloudtasks.QueueIamMember {
  return new cloudtasks.QueueIamMember(
    name,
    {
      name: queue.name,
      location: queue.location,
      project: queue.project,
      role: "roles/cloudtasks.enqueuer",
      member,
    },
    grantOf(options),
  );
}

/** Google asks it of whoever creates a task that names an account: https://cloud.google.com/tasks/docs/reference/rest/v2/OidcToken */
function user(
  name: string,
  caller: pulumi.Input<string>,
  member: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): serviceaccount.IAMMember {
  return new serviceaccount.IAMMember(
    name,
    {
      serviceAccountId: pulumi.output(caller).apply((email) => accountName(email)),
      role: "roles/iam.serviceAccountUser",
      member,
    },
    grantOf(options),
  );
}
