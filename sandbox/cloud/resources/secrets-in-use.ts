import { CloudError } from "../errors";
import { requireReadable } from "./access";
import type { Context } from "./kind";
import { isProps } from "./values";

const SECRET = /^projects\/([^/]+)\/secrets\/([^/]+)$/;

/** One reference from a container or a function to a version of a secret. */
export interface SecretUse {
  /** The short name, or projects/{project}/secrets/{secret}, with the project's id or number. */
  secret: string;
  version: string;
}

/** What containers refer to in their environment; without a version, to the latest. */
export function secretsOf(
  containers: readonly {
    envs?: readonly { valueSource?: { secretKeyRef: { secret: string; version?: string } } }[];
  }[],
): SecretUse[] {
  return containers
    .flatMap(({ envs }) => envs ?? [])
    .flatMap(({ valueSource }) =>
      isProps(valueSource) ? [{ version: "latest", ...valueSource.secretKeyRef }] : [],
    );
}

/** Every secret must be there, in that version, and readable by the account that the code runs as. */
export function requireSecrets(
  cx: Context,
  q: { uses: readonly SecretUse[]; project: string; email: string; reader: string },
): void {
  for (const use of q.uses) {
    const secret = secretOf(cx, q.project, use.secret);
    requireReadable(cx, { secret, email: q.email, reader: q.reader });
    requireVersion(cx, secret.id, use.version);
  }
}

function secretOf(cx: Context, project: string, secret: string): { id: string; fullName: string } {
  const [, owner = project, name = secret] = SECRET.exec(secret) ?? [];
  const id = `projects/${idOfProject(cx, owner)}/secrets/${name}`;
  const stored = cx.cloud.store.get("gcp:secretmanager/secret:Secret", id);
  if (stored === undefined) throw new CloudError("NOT_FOUND", `Secret ${id} was not found`);
  return stored;
}

function requireVersion(cx: Context, secret: string, version: string): void {
  const versions = cx.cloud.store.list("gcp:secretmanager/secretVersion:SecretVersion");
  const enabled = versions.filter(({ state }) => state.secret === secret && state.enabled !== false);
  if (enabled.some(({ state }) => version === "latest" || state.version === version)) return;
  throw new CloudError("NOT_FOUND", `Secret ${secret}/versions/${version} was not found`);
}

function idOfProject(cx: Context, idOrNumber: string): string {
  return cx.cloud.projects.get(idOrNumber)?.id ?? idOrNumber;
}
