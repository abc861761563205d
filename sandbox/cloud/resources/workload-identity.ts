import type { Cloud } from "../cloud";
import { CloudError } from "../errors";
import { kind, type Context, type Failure, type Kind } from "./kind";
import { projectIn } from "./project";
import { block, flag, optional, pattern, projectId, text, textMap, texts } from "./shapes";
import { isProps, isUnknown, knownText, type Props } from "./values";

const DAY = 24 * 60 * 60_000;

/** Where the store keeps the ids of what was deleted: they stay taken for a while. */
const DELETED = "deleted:workload-identity";

// cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create
const poolId = () =>
  pattern(
    /^(?!gcp-)[a-z0-9-]{4,32}$/,
    'it must be 4 to 32 lower-case letters, digits and dashes, and not begin with "gcp-"',
  );

export const workloadIdentityPool: Kind<never> = kind(
  () =>
    block({
      workloadIdentityPoolId: poolId(),
      displayName: optional(text(32)),
      description: optional(text(256)),
      disabled: optional(flag),
      project: optional(projectId()),
    }),
  {
    token: "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    apis: ["iam.googleapis.com"],
    replaceOn: ["workloadIdentityPoolId", "project"],
    fromProvider: { project: "project" },
    computed: ["name", "state"],
    identify: (cx, { workloadIdentityPoolId: id, project }) =>
      identity(cx, { project }, (where) => `projects/${where}/${POOLS}/${id}`),
    create: (cx, inputs) => {
      const { id: project, number } = projectIn(cx, inputs);
      const path = `${POOLS}/${inputs.workloadIdentityPoolId}`;
      requireFree(cx.cloud, `projects/${project}/${path}`);
      // The API names it by the project's number: so do members of policies.
      return { computed: { name: `projects/${number}/${path}`, state: "ACTIVE" } };
    },
    update: () => ({ computed: {} }),
    delete: (cx, { id, stored }) => {
      bury(cx.cloud, id, stored);
    },
  },
);

export const workloadIdentityProvider: Kind<never> = kind(
  () =>
    block({
      workloadIdentityPoolId: poolId(),
      workloadIdentityPoolProviderId: poolId(),
      displayName: optional(text(32)),
      description: optional(text(256)),
      disabled: optional(flag),
      project: optional(projectId()),
      attributeMapping: optional(textMap()),
      attributeCondition: optional(text(4096)),
      oidc: block({
        issuerUri: pattern(/^https:\/\/\S+$/, "it must be an https address"),
        allowedAudiences: optional(texts()),
      }),
    }),
  {
    token: "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    apis: ["iam.googleapis.com"],
    replaceOn: ["workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"],
    fromProvider: { project: "project" },
    computed: ["name", "state"],
    rules: (inputs) => [...unmappedSubject(inputs), ...openToEveryone(inputs)],
    identify: (cx, { workloadIdentityPoolId: pool, workloadIdentityPoolProviderId: id, project }) =>
      identity(cx, { project }, (where) => `projects/${where}/${POOLS}/${pool}/providers/${id}`),
    create: (cx, inputs) => {
      const { id: project, number } = projectIn(cx, inputs);
      const pool = `${POOLS}/${inputs.workloadIdentityPoolId}`;
      if (cx.cloud.store.get(workloadIdentityPool.token, `projects/${project}/${pool}`) === undefined) {
        throw new CloudError(
          "NOT_FOUND",
          `Workload identity pool projects/${project}/${pool} was not found.`,
        );
      }
      const path = `${pool}/providers/${inputs.workloadIdentityPoolProviderId}`;
      requireFree(cx.cloud, `projects/${project}/${path}`);
      return { computed: { name: `projects/${number}/${path}`, state: "ACTIVE" } };
    },
    update: () => ({ computed: {} }),
    delete: (cx, { id, stored }) => {
      bury(cx.cloud, id, stored);
    },
  },
);

const POOLS = "locations/global/workloadIdentityPools";

function identity(cx: Context, inputs: { project?: string }, idIn: (project: string) => string) {
  const project = projectIn(cx, inputs).id;
  const id = idIn(project);
  return { id, fullName: `//iam.googleapis.com/${id}`, project };
}

// cloud.google.com/iam/docs/workload-identity-federation#mapping
function unmappedSubject({ attributeMapping }: Props): Failure[] {
  if (isUnknown(attributeMapping) || (isProps(attributeMapping) && "google.subject" in attributeMapping))
    return [];
  const reason = 'must map "google.subject", as in { "google.subject": "assertion.sub" }';
  return [{ property: "attributeMapping", reason }];
}

// Everybody on GitHub shares the issuer, so Google wants to be told whose tokens are meant.
// cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
function openToEveryone(inputs: Props): Failure[] {
  const issuer = knownText(inputs, "oidc.issuerUri");
  if (issuer !== "https://token.actions.githubusercontent.com" || inputs.attributeCondition !== undefined)
    return [];
  const reason = `is missing, and ${issuer} issues tokens to everybody: name your own repository or organisation`;
  return [{ property: "attributeCondition", reason }];
}

// "You cannot reuse the ID of a soft-deleted pool until it is permanently deleted", after about 30 days; providers too.
function requireFree(cloud: Cloud, id: string): void {
  const deleted = cloud.store.get(DELETED, id)?.data;
  if (typeof deleted !== "number" || cloud.clock.now() - deleted >= 30 * DAY) {
    cloud.store.remove(DELETED, id);
    return;
  }
  throw new CloudError(
    "ALREADY_EXISTS",
    `Requested entity already exists: ${id} was deleted less than 30 days ago. Undelete it, or choose another id.`,
  );
}

function bury(cloud: Cloud, id: string, stored: Parameters<Cloud["store"]["put"]>[0] | undefined): void {
  if (stored !== undefined) cloud.store.put({ ...stored, token: DELETED, id, data: cloud.clock.now() });
}
