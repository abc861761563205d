import { z } from "zod/mini";
import type { Cloud } from "../cloud";
import { CloudError } from "../errors";
import { defaultComputeAccount, runJobName } from "../names";
import type { StoredResource } from "../store";
import { etagOf, hexOf, lettersOf } from "./identifiers";
import { kind, type Context, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { deployerEmail, projectIn } from "./project";
import { region } from "./regions";
import { requireNeeds } from "./run-needs";
import { container, templateRules, volumes, vpcAccess } from "./run-schema";
import {
  block,
  duration,
  flag,
  labels,
  optional,
  pattern,
  projectId,
  serviceAccountEmail,
  textMap,
  whole,
} from "./shapes";
import type { Props } from "./values";

export const RUN_JOB = "gcp:cloudrunv2/job:Job";

/** One run of a job, as the job itself reports its latest. */
export interface Execution {
  name: string;
  createTime: string;
}

const task = () =>
  block({
    serviceAccount: optional(serviceAccountEmail()),
    // docs.cloud.google.com/run/docs/configuring/task-timeout, .../configuring/max-retries
    timeout: optional(duration(1, 604_800)),
    maxRetries: optional(whole(0, 10)),
    containers: z.array(container()).check(z.minLength(1)),
    vpcAccess: optional(vpcAccess()),
    volumes: optional(volumes()),
  });

/** docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs */
const schema = () =>
  block({
    name: pattern(
      /^[a-z](?:[-a-z0-9]{0,47}[a-z0-9])?$/,
      "it must be fewer than 50 lower-case letters, digits and dashes, a letter first and no dash last",
    ),
    location: region(),
    project: optional(projectId()),
    labels: optional(labels()),
    annotations: optional(textMap()),
    deletionProtection: optional(flag),
    template: block({
      labels: optional(labels()),
      annotations: optional(textMap()),
      taskCount: optional(whole(1, 10_000)),
      parallelism: optional(whole(0, 10_000)),
      template: task(),
    }),
  });

type Inputs = z.infer<ReturnType<typeof schema>>;

/** What a new version of the job changes. */
const MOVING = ["etag", "generation", "lastModifier", "observedGeneration", "updateTime"] as const;

export const runJob: Kind<never> = kind(schema, {
  token: RUN_JOB,
  apis: ["run.googleapis.com"],
  replaceOn: ["name", "location", "project"],
  autoName: { property: "name", maxLength: 50, lowerCase: true },
  fromProvider: { project: "project" },
  defaults: { deletionProtection: true },
  computed: [
    "launchStage",
    "template.parallelism",
    "template.taskCount",
    "template.template.maxRetries",
    "template.template.serviceAccount",
    "template.template.timeout",
    "createTime",
    "creator",
    "executionCount",
    "latestCreatedExecutions",
    "reconciling",
    "uid",
    ...MOVING,
    ...LABEL_OUTPUTS,
  ],
  volatile: MOVING,
  planned: labelOutputs,
  rules: (inputs) => templateRules(inputs, "template.template"),
  identify: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    const { location, name } = inputs;
    return {
      id: `projects/${project}/locations/${location}/jobs/${name}`,
      fullName: runJobName(project, location, name),
      project,
    };
  },
  create: (cx, inputs) => {
    requireRunnable(cx, inputs);
    const project = projectIn(cx, inputs);
    return {
      computed: {
        launchStage: "GA",
        "template.parallelism": 0,
        "template.taskCount": 1,
        // docs.cloud.google.com/run/docs/configuring/max-retries, .../configuring/task-timeout
        "template.template.maxRetries": 3,
        "template.template.serviceAccount": defaultComputeAccount(project.number),
        "template.template.timeout": "600s",
        createTime: new Date(cx.cloud.clock.now()).toISOString(),
        creator: deployerEmail(cx, project.id),
        executionCount: 0,
        latestCreatedExecutions: [],
        reconciling: false,
        uid: hexOf(`uid ${cx.cloud.random()}`, 32),
        ...labelOutputs(inputs),
        ...nextGeneration(cx, inputs, {}),
      },
    };
  },
  update: (cx, { state }, news) => {
    requireRunnable(cx, news);
    return { computed: { ...labelOutputs(news), ...nextGeneration(cx, news, state) } };
  },
  delete: (_cx, { state, id }) => {
    if (state.deletionProtection === false) return;
    throw new CloudError(
      "FAILED_PRECONDITION",
      `cannot destroy job ${id} without setting deletionProtection to false and deploying that first`,
    );
  },
});

/** Begins an execution. It is recorded, and nothing runs: the sandbox has no containers. */
export function beginExecution(cloud: Cloud, job: StoredResource): Execution {
  const count = typeof job.state.executionCount === "number" ? job.state.executionCount : 0;
  const execution = {
    name: `${job.id.split("/").at(-1) ?? ""}-${lettersOf(`${job.id} ${count} ${cloud.random()}`, 5)}`,
    createTime: new Date(cloud.clock.now()).toISOString(),
  };
  const latestCreatedExecutions = [execution];
  cloud.store.put({ ...job, state: { ...job.state, executionCount: count + 1, latestCreatedExecutions } });
  return execution;
}

function nextGeneration(cx: Context, inputs: Inputs, state: Props): Props {
  const generation = String(1 + Number(typeof state.generation === "string" ? state.generation : 0));
  const updateTime = new Date(cx.cloud.clock.now()).toISOString();
  return {
    generation,
    observedGeneration: generation,
    lastModifier: deployerEmail(cx, projectIn(cx, inputs).id),
    updateTime,
    etag: `"${etagOf(inputs.name, generation, updateTime)}"`,
  };
}

function requireRunnable(cx: Context, inputs: Inputs): void {
  const { serviceAccount, containers } = inputs.template.template;
  const reader = `Run job "${inputs.name}"`;
  requireNeeds(cx, { reader, project: projectIn(cx, inputs), serviceAccount, containers });
}
