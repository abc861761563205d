import { ingressContainer } from "../cloud/resources/ingress-container";
import type { Store } from "../cloud/store";
import { AppError } from "./app-error";

export type Environment = Record<string, string>;

/** What the environment of a Run service is made from, as `@pulumi/gcp` names it. */
export interface RunState {
  name?: string;
  latestReadyRevision?: string;
  template?: {
    containers?: {
      image?: string;
      commands?: string[];
      args?: string[];
      ports?: unknown;
      envs?: RunVariable[];
    }[];
    timeout?: string;
  };
}

interface RunVariable {
  name: string;
  value?: string;
  valueSource?: { secretKeyRef?: { secret: string; version?: string } };
}

interface SecretVariable {
  key: string;
  projectId?: string;
  secret: string;
  version?: string;
}

/** The same for functions: 1st gen has these properties itself, 2nd gen has them in `serviceConfig`. */
export interface FunctionSettings {
  environmentVariables?: Environment;
  secretEnvironmentVariables?: SecretVariable[];
}

/** https://cloud.google.com/run/docs/container-contract */
export function runEnvironment(store: Store, project: string, state: RunState): Environment {
  const { name = "", latestReadyRevision = `${name}-00001` } = state;
  const declared = (ingressContainer(state.template)?.envs ?? []).map(({ name: key, value, valueSource }) => {
    const reference = valueSource?.secretKeyRef;
    return [key, reference === undefined ? (value ?? "") : secretOf(store, project, reference)] as const;
  });
  return {
    ...Object.fromEntries(declared),
    K_SERVICE: name,
    K_REVISION: latestReadyRevision,
    K_CONFIGURATION: name,
  };
}

/** https://cloud.google.com/functions/docs/configuring/env-var, the variables of newer runtimes. */
export function functionEnvironment(
  store: Store,
  project: string,
  { settings, entryPoint, service }: { settings: FunctionSettings; entryPoint: string; service: Environment },
): Environment {
  const secrets = (settings.secretEnvironmentVariables ?? []).map(
    ({ key, projectId, ...reference }) => [key, secretOf(store, projectId ?? project, reference)] as const,
  );
  return {
    ...settings.environmentVariables,
    ...Object.fromEntries(secrets),
    ...service,
    FUNCTION_TARGET: entryPoint,
    FUNCTION_SIGNATURE_TYPE: "http",
  };
}

interface SecretVersionState {
  secret?: string;
  version?: string;
  secretData?: string;
}

function secretOf(store: Store, project: string, q: { secret: string; version?: string }): string {
  const secret = q.secret.includes("/") ? q.secret : `projects/${project}/secrets/${q.secret}`;
  const { version = "latest" } = q;
  const versions = store
    .list<SecretVersionState>("gcp:secretmanager/secretVersion:SecretVersion")
    .map(({ state }) => state)
    .filter((state) => state.secret === secret)
    .sort((a, b) => Number(b.version) - Number(a.version));
  const found = version === "latest" ? versions[0] : versions.find((state) => state.version === version);
  if (found?.secretData !== undefined) return found.secretData;
  throw new AppError(
    `Secret ${secret} has no version "${version}" in the sandbox. Declare it as a SecretVersion.`,
  );
}
