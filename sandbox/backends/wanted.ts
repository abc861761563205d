import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, relative } from "node:path";
import { describe } from "../cloud/names";
import { ingressContainer } from "../cloud/resources/ingress-container";
import type { Store, StoredResource } from "../cloud/store";
import type { AppSpec } from "./app";
import { AppError } from "./app-error";
import { functionEnvironment, runEnvironment, type FunctionSettings, type RunState } from "./environment";
import { isProxy } from "../ingress/gateways/espv2";
import { type Facts, filledIn } from "./filled-in";
import { functionSource } from "./function-source";
import { type LocalApps, withoutVersion } from "./local-apps";

const RUN_SERVICE = "gcp:cloudrunv2/service:Service";
const FUNCTION_V2 = "gcp:cloudfunctionsv2/function:Function";
const FUNCTION_V1 = "gcp:cloudfunctions/function:Function";

interface FunctionV2State {
  buildConfig?: { entryPoint?: string; source?: { storageSource?: { bucket?: string; object?: string } } };
  serviceConfig?: FunctionSettings & { service?: string; timeoutSeconds?: number };
}

interface FunctionV1State extends FunctionSettings {
  name?: string;
  versionId?: string;
  entryPoint?: string;
  timeout?: number;
  sourceArchiveBucket?: string;
  sourceArchiveObject?: string;
}

/** An app that has to run, with the seconds that Google gives it for one request. */
export interface Wanted {
  spec: AppSpec;
  timeout: number;
}

/** What apps are started with. */
export interface Surroundings {
  store: Store;
  apps: LocalApps;
  root: string;
  keys?: () => Facts["keys"];
}

/** The apps that have to run for what is deployed, by the full name of the Run service or 1st gen function. */
export function wantedApps(place: Surroundings): Map<string, Wanted> {
  return new Map([...deployed(place)].map(([fullName, wanted]) => [fullName, wanted()]));
}

/** The app of one Run service or 1st gen function; undefined if there is none of that name that has any code. */
export function wantedApp(place: Surroundings, fullName: string): Wanted | undefined {
  return deployed(place).get(fullName)?.();
}

/** What has code, with the question for its app: that one may not be listed, which is no matter of the others'. */
function deployed(place: Surroundings): Map<string, () => Wanted> {
  const { store } = place;
  const functions = new Map(
    store.list<FunctionV2State>(FUNCTION_V2).map((stored) => [stored.state.serviceConfig?.service, stored]),
  );
  const found = new Map<string, () => Wanted>();
  for (const service of store.list<RunState>(RUN_SERVICE)) {
    const onTop = functions.get(service.id);
    if (onTop !== undefined) found.set(service.fullName, () => functionV2(onTop, service, place));
    // A service without a container is the beginning of a function.
    else if (service.state.template?.containers !== undefined && !isProxy(service.state))
      found.set(service.fullName, () => runService(service, place));
  }
  for (const fn of store.list<FunctionV1State>(FUNCTION_V1)) {
    found.set(fn.fullName, () => functionV1(fn, place));
  }
  return found;
}

function runService(
  { fullName, project, state }: StoredResource<RunState>,
  { store, apps, root, keys }: Surroundings,
): Wanted {
  const label = describe(fullName);
  const container = ingressContainer(state.template);
  const image = container?.image ?? "";
  const entry = apps.images[withoutVersion(image)];
  if (entry === undefined) {
    throw new AppError(
      `No local app stands behind ${label}: apps/local.json does not list its image ${withoutVersion(image)} under "images".`,
    );
  }
  const { app, environment = {} } = typeof entry === "string" ? { app: entry } : entry;
  return {
    spec: {
      label,
      ...mainOf(label, root, app, container?.args ?? []),
      environment: {
        ...runEnvironment(store, project, state),
        ...filledIn(environment, { keys: keys?.() }, withoutVersion(image)),
      },
    },
    timeout: Number.parseFloat(state.template?.timeout ?? "300"),
  };
}

function functionV2(
  fn: StoredResource<FunctionV2State>,
  service: StoredResource<RunState>,
  place: Surroundings,
): Wanted {
  const { buildConfig, serviceConfig: settings = {} } = fn.state;
  const { bucket = "", object = "" } = buildConfig?.source?.storageSource ?? {};
  return {
    spec: functionSpec(place, {
      fn,
      source: { bucket, object },
      entryPoint: buildConfig?.entryPoint ?? "",
      settings,
      service: runEnvironment(place.store, fn.project, { ...service.state, template: undefined }),
    }),
    timeout: settings.timeoutSeconds ?? 60,
  };
}

function functionV1(fn: StoredResource<FunctionV1State>, place: Surroundings): Wanted {
  const { state } = fn;
  const name = state.name ?? "";
  return {
    spec: functionSpec(place, {
      fn,
      source: { bucket: state.sourceArchiveBucket ?? "", object: state.sourceArchiveObject ?? "" },
      entryPoint: state.entryPoint ?? name,
      settings: state,
      service: { K_SERVICE: name, K_REVISION: state.versionId ?? "1" },
    }),
    timeout: state.timeout ?? 60,
  };
}

function functionSpec(
  { store, apps, root }: Surroundings,
  q: {
    fn: StoredResource<unknown>;
    source: { bucket: string; object: string };
    entryPoint: string;
    settings: FunctionSettings;
    service: Record<string, string>;
  },
): AppSpec {
  const label = describe(q.fn.fullName);
  const packed = functionSource(store, q.source.bucket, q.source.object);
  const source = packed === undefined ? undefined : fromRoot(root, packed);
  const folder = source === undefined ? undefined : (apps.functions[source] ?? asItIs(root, source));
  if (folder === undefined) {
    throw new AppError(
      `No local app stands behind ${label}: apps/local.json does not list its source ` +
        `${source ?? `gs://${q.source.bucket}/${q.source.object}`} under "functions".`,
    );
  }
  return {
    label,
    folder: requireFolder(label, root, folder),
    command: [functionsFramework(root), `--source=${join(root, folder)}`, `--target=${q.entryPoint}`],
    environment: functionEnvironment(store, q.fn.project, q),
  };
}

/** The app's own package says where it begins. */
export function mainOf(
  label: string,
  root: string,
  folder: string,
  args: readonly string[],
): Pick<AppSpec, "folder" | "command"> {
  const path = requireFolder(label, root, folder);
  const file = join(path, "package.json");
  const main = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { main?: string }).main
    : undefined;
  return { folder: path, command: [join(path, main ?? "index.js"), ...args] };
}

function requireFolder(label: string, root: string, folder: string): string {
  const path = join(root, folder);
  if (existsSync(path)) return path;
  throw new AppError(
    `The app behind ${label} does not start: its folder ${folder} in apps/local.json does not exist.`,
  );
}

function asItIs(root: string, source: string): string | undefined {
  return existsSync(join(root, source, "package.json")) ? source : undefined;
}

function fromRoot(root: string, path: string): string {
  return isAbsolute(path) ? relative(root, path) : path.replace(/^\.\//, "").replace(/\/$/, "");
}

/** The installed one: its main.js stands beside what the package exports. */
function functionsFramework(root: string): string {
  const resolve = createRequire(join(root, "package.json")).resolve;
  return join(dirname(resolve("@google-cloud/functions-framework")), "main.js");
}
