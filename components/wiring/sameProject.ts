import type * as pulumi from "@pulumi/pulumi";
import { projectOfEmail } from "./accounts";
import type { Check, Subject } from "./checks";
import { checkedAgainst } from "./checks";

/**
 * The address of the account that a source calls as, once it is known to be of the source's own project. All three
 * sources take no other: https://docs.cloud.google.com/scheduler/docs/http-target-auth,
 * https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks,
 * https://cloud.google.com/pubsub/docs/create-push-subscription. Where the target lies does not matter.
 *
 * Checked at once when both are plain, else as soon as both are known. A project that is given by its number, and an
 * account whose address does not name its project (the default ones of Compute Engine), are left for Google to judge.
 */
export function sameProject(
  subject: Subject,
  email: pulumi.Input<string>,
  project: pulumi.Input<string>,
): pulumi.Input<string> {
  return checkedAgainst(subject, "target.serviceAccountEmail", email, project, accountOf);
}

/** A check that an account is of a project. */
function accountOf(project: string): Check<string> {
  return (email) => {
    const own = projectOfEmail(email);
    if (own === undefined || own === project || /^\d+$/.test(project)) return undefined;
    return {
      problem: `is an account of project "${own}", and this source lies in "${project}"; Google takes accounts of the source's own project only`,
      remedy: `Call as an account of "${project}", or put the source into "${own}"; the target may lie in any project`,
    };
  };
}
