import * as secretmanager from "@pulumi/gcp/secretmanager";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { isPlain } from "../wiring/checks";
import { grantOf } from "../wiring/options";

/** A secret that a service or function reads from an environment variable. */
export interface SecretReference {
  /** Id of the secret, or its full name when it lies in another project. */
  secret: pulumi.Input<string>;
  /** Which version. Default: `latest`, read when an instance starts. */
  version?: pulumi.Input<string>;
}

/** Secrets under the names of the variables that hold them. */
export type SecretReferences = Readonly<Record<string, pulumi.Input<SecretReference>>>;

/** The references one by one, their leaves kept apart: one that is plain hides nothing in previews. */
export function secretLeaves(
  secrets: SecretReferences,
): { variable: string; secret: pulumi.Input<string>; version: pulumi.Input<string> }[] {
  return Object.entries(secrets).map(([variable, reference]) => {
    if (isPlain(reference))
      return { variable, secret: reference.secret, version: reference.version ?? "latest" };
    const known = pulumi.output(reference);
    return { variable, secret: known.secret, version: known.apply(({ version }) => version ?? "latest") };
  });
}

/**
 * Lets a runtime account read the secrets that its service names: one grant a secret, however many variables hold it,
 * made before the revision that would not start without it (https://cloud.google.com/run/docs/configuring/services/secrets).
 */
export function grantSecrets(
  subject: Subject,
  secrets: SecretReferences,
  member: pulumi.Input<string>,
  project: pulumi.Input<string> | undefined,
  options: pulumi.CustomResourceOptions,
): secretmanager.SecretIamMember[] {
  const named = new Map<string, pulumi.Input<string>>();
  for (const { variable, secret } of secretLeaves(secrets)) {
    // The same secret under two variables is one binding: named after the secret where that is known here.
    const same = [...named].find(([, other]) => other === secret);
    if (same === undefined) named.set(isPlain(secret) ? shortName(secret) : variable, secret);
  }
  return [...named].map(
    ([key, secret]) =>
      new secretmanager.SecretIamMember(
        `${subject.name}-secret-${key}`,
        { secretId: secret, project, role: "roles/secretmanager.secretAccessor", member },
        grantOf(options),
      ),
  );
}

const shortName = (secret: string): string => secret.slice(secret.lastIndexOf("/") + 1);
