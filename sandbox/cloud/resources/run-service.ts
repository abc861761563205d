import { isDeepStrictEqual } from "node:util";
import { CloudError } from "../errors";
import { defaultComputeAccount, runServiceName } from "../names";
import type { StoredResource } from "../store";
import { etagOf, hexOf, lettersOf } from "./identifiers";
import { kind, type Context, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { outputsOf } from "./outputs";
import { requireIngressContainer } from "./ingress-container";
import { deployerEmail, projectIn } from "./project";
import { requireNeeds } from "./run-needs";
import { runRules, runSchema, type RunInputs } from "./run-schema";
import { hashUrl, runUrls } from "./run-urls";
import { valueAt, type Props } from "./values";

export const RUN_SERVICE = "gcp:cloudrunv2/service:Service";

/** What a new revision changes. */
const MOVING = [
  "etag",
  "generation",
  "lastModifier",
  "latestCreatedRevision",
  "latestReadyRevision",
  "observedGeneration",
  "updateTime",
] as const;

export const runService: Kind<never> = kind(runSchema, {
  token: RUN_SERVICE,
  apis: ["run.googleapis.com"],
  replaceOn: ["name", "location", "project"],
  autoName: { property: "name", maxLength: 50, lowerCase: true },
  fromProvider: { project: "project" },
  defaults: { deletionProtection: true },
  computed: [
    "ingress",
    "launchStage",
    "scaling.minInstanceCount",
    "traffics",
    "template.maxInstanceRequestConcurrency",
    "template.scaling.maxInstanceCount",
    "template.serviceAccount",
    "template.timeout",
    "createTime",
    "creator",
    "reconciling",
    "uid",
    "uri",
    "urls",
    ...MOVING,
    ...LABEL_OUTPUTS,
  ],
  volatile: MOVING,
  planned: labelOutputs,
  rules: runRules,
  identify: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    return {
      id: runServiceId(project, inputs.location, inputs.name),
      fullName: runServiceName(project, inputs.location, inputs.name),
      project,
    };
  },
  create: (cx, inputs) => {
    requireRunnable(cx, inputs);
    return { computed: newRunService(cx, inputs) };
  },
  update: (cx, current, news) => {
    requireRunnable(cx, news);
    const sameTemplate = isDeepStrictEqual(news.template, current.inputs.template);
    const next = nextGeneration(cx, news, current.state, sameTemplate);
    return { computed: { ...labelOutputs(news), ...next } };
  },
  delete: (_cx, { state, id }) => {
    if (state.deletionProtection === false) return;
    throw new CloudError(
      "FAILED_PRECONDITION",
      `cannot destroy service ${id} without setting deletionProtection to false and deploying that first`,
    );
  },
});

export function runServiceId(project: string, location: string, name: string): string {
  return `projects/${project}/locations/${location}/services/${name}`;
}

/** The Run service that Cloud Functions makes for a function of the 2nd generation: IAM and ingress find it as any other. */
export function putRunService(cx: Context, inputs: RunInputs): StoredResource {
  const project = projectIn(cx, inputs).id;
  const id = runServiceId(project, inputs.location, inputs.name);
  const fullName = runServiceName(project, inputs.location, inputs.name);
  const before = cx.cloud.store.get(RUN_SERVICE, id)?.state;
  const computed = { ...newRunService(cx, inputs), ...(before && nextGeneration(cx, inputs, before)) };
  const stays = (path: string) => (before && !isMoving(path) ? valueAt(before, path) : undefined);
  const state = outputsOf(cx, runService, inputs, (path) => stays(path) ?? computed[path]);
  const stored = { token: RUN_SERVICE, id, fullName, project, state, data: { inputs } };
  cx.cloud.store.put(stored);
  return stored;
}

function isMoving(path: string): boolean {
  return MOVING.some((moving) => moving === path);
}

function newRunService(cx: Context, inputs: RunInputs): Props {
  const project = projectIn(cx, inputs);
  const now = new Date(cx.cloud.clock.now()).toISOString();
  return {
    ingress: "INGRESS_TRAFFIC_ALL",
    launchStage: "GA",
    "scaling.minInstanceCount": 0,
    traffics: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }],
    "template.maxInstanceRequestConcurrency": 80,
    // Run's default limit of instances: cloud.google.com/run/docs/configuring/max-instances
    "template.scaling.maxInstanceCount": 100,
    "template.serviceAccount": defaultComputeAccount(project.number),
    "template.timeout": "300s",
    createTime: now,
    creator: deployerEmail(cx, project.id),
    reconciling: false,
    uid: uuid(cx),
    uri: hashUrl(project, inputs.location, inputs.name),
    urls: runUrls(project, inputs.location, inputs.name),
    ...labelOutputs(inputs),
    ...nextGeneration(cx, inputs, {}),
  };
}

/** What changes with every deployment of a service; only a changed template makes a revision. */
function nextGeneration(
  cx: Context,
  inputs: { name: string; project?: string },
  state: Props,
  sameTemplate = false,
): Props {
  const generation = 1 + Number(typeof state.generation === "string" ? state.generation : 0);
  const suffix = lettersOf(`${inputs.name} ${generation} ${cx.cloud.random()}`, 3);
  const fresh = `${inputs.name}-${String(generation).padStart(5, "0")}-${suffix}`;
  const revision = sameTemplate ? state.latestReadyRevision : fresh;
  const updateTime = new Date(cx.cloud.clock.now()).toISOString();
  return {
    generation: String(generation),
    observedGeneration: String(generation),
    latestCreatedRevision: revision,
    latestReadyRevision: revision,
    lastModifier: deployerEmail(cx, projectIn(cx, inputs).id),
    updateTime,
    etag: `"${etagOf(fresh, updateTime)}"`,
  };
}

function requireRunnable(cx: Context, inputs: RunInputs): void {
  const project = projectIn(cx, inputs);
  if (inputs.invokerIamDisabled === true)
    requireAllowed(cx, project.id, "run.managed.requireInvokerIam", inputs.name);
  const { serviceAccount, containers } = inputs.template;
  requireIngressContainer(inputs.name, containers);
  requireNeeds(cx, { reader: `Run service "${inputs.name}"`, project, serviceAccount, containers });
}

/**
 * cloud.google.com/run/docs/securing/managing-access, "Disable the Cloud Run Invoker IAM check". Assumed: the words, of which
 * the first are those with which other managed constraints have been seen to refuse.
 */
function requireAllowed(cx: Context, project: string, constraint: string, name: string): void {
  if (cx.cloud.projects.require(project).orgPolicies?.includes(constraint) !== true) return;
  throw new CloudError(
    "FAILED_PRECONDITION",
    `Operation denied by org policy: ["constraints/${constraint}"] is enforced in project ${project}, so Run service "${name}" ` +
      "may not have invokerIamDisabled. Have an exception made for the project.",
  );
}

function uuid(cx: Context): string {
  const hex = hexOf(`uid ${cx.cloud.random()}`, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
