import { defaultComputeAccount } from "../names";
import { requireActAs } from "./access";
import { requireImages } from "./images";
import type { Context } from "./kind";
import { requireSecrets, secretsOf } from "./secrets-in-use";

/** What a service and a job of Run say alike of what they run. */
interface Runnable {
  /** As errors call it. */
  readonly reader: string;
  readonly project: { id: string; number: string };
  /** Default: the default compute account. */
  readonly serviceAccount: string | undefined;
  readonly containers: readonly ({ image: string } & Parameters<typeof secretsOf>[0][number])[];
}

/** Throws unless whoever deploys may attach the account, and images and secrets can be read. */
export function requireNeeds(cx: Context, { reader, project, serviceAccount, containers }: Runnable): void {
  const email = serviceAccount ?? defaultComputeAccount(project.number);
  requireActAs(cx, { email, project: project.id, to: reader });
  requireImages(cx, containers, project);
  requireSecrets(cx, { uses: secretsOf(containers), project: project.id, email, reader });
}
