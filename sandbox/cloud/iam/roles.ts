/**
 * Google's predefined roles, as far as the sandbox decides by them. A role lists "collection: verbs".
 *
 * From github.com/iann0036/iam-dataset, gcp/roles. Left out of every role: services that the sandbox does not model, and
 * tags, keys, ssh, locations, operations and recommenders of those that it does. So a basic role (owner, editor, viewer)
 * means here: what it may do in the modelled services.
 */
type Grants = Readonly<Record<string, string>>;

const PROJECTS: Grants = { "resourcemanager.projects": "get list" };
const CRUD = "create delete get list update";

const RUN_DEVELOPER: Grants = {
  "run.services": `${CRUD} getIamPolicy`,
  "run.routes": "get invoke list",
  "run.revisions": "delete get list",
  "run.jobs": `${CRUD} getIamPolicy run runWithOverrides`,
  "run.executions": "cancel delete get list",
};
const RUN_INSTANCES: Grants = { "run.instances": `${CRUD} getIamPolicy invoke` };

const FUNCTIONS_DEVELOPER: Grants = {
  "cloudfunctions.functions": `${CRUD} call invoke sourceCodeGet sourceCodeSet`,
};

const PUBSUB_EDITOR: Grants = {
  "pubsub.topics": `${CRUD} attachSubscription detachSubscription publish`,
  "pubsub.subscriptions": `${CRUD} consume`,
};

const REPOSITORY_READER: Grants = {
  "artifactregistry.repositories": "downloadArtifacts get list readViaVirtualRepository",
};

const OBJECT_VIEWER: Grants = { "storage.objects": "get list" };

const MINTING = "getAccessToken getOpenIdToken";

/** No permission on objects: those come with the bucket. Nobody but an owner sets policies or reads secrets. */
const EDITOR: Grants = {
  ...PROJECTS,
  ...RUN_DEVELOPER,
  ...PUBSUB_EDITOR,
  "artifactregistry.repositories": `${CRUD} deleteArtifacts downloadArtifacts getIamPolicy readViaVirtualRepository uploadArtifacts`,
  "cloudfunctions.functions": `${CRUD} call getIamPolicy invoke sourceCodeGet sourceCodeSet`,
  "cloudscheduler.jobs": `${CRUD} enable fullView pause run`,
  "cloudsql.instances": "connect get list",
  "cloudtasks.queues": `${CRUD} getIamPolicy pause purge resume`,
  "cloudtasks.tasks": "create delete fullView get list run",
  "iam.roles": "get list",
  "iam.serviceAccounts": `${CRUD} actAs disable enable getIamPolicy`,
  "logging.logEntries": "create list route",
  "pubsub.topics": `${PUBSUB_EDITOR["pubsub.topics"] ?? ""} getIamPolicy`,
  "pubsub.subscriptions": `${PUBSUB_EDITOR["pubsub.subscriptions"] ?? ""} getIamPolicy`,
  "secretmanager.secrets": `${CRUD} getIamPolicy`,
  "secretmanager.versions": "add destroy disable enable get list",
  "servicemanagement.services": "bind check create delete get list quota report update",
  "serviceusage.services": "disable enable get list use",
  "storage.buckets": "create delete list",
};

/** An owner may set every policy, but has no permission to mint tokens of service accounts. */
const OWNER: readonly Grants[] = [
  EDITOR,
  {
    "artifactregistry.repositories": "setIamPolicy",
    "cloudfunctions.functions": "setIamPolicy",
    "cloudtasks.queues": "setIamPolicy",
    "iam.roles": "create delete undelete update",
    "iam.serviceAccounts": "setIamPolicy undelete",
    "pubsub.subscriptions": "setIamPolicy",
    "pubsub.topics": "setIamPolicy",
    "resourcemanager.projects": "getIamPolicy setIamPolicy update",
    "run.jobs": "setIamPolicy",
    "run.services": "setIamPolicy",
    "secretmanager.secrets": "setIamPolicy",
  },
];

const TABLE: Readonly<Record<string, readonly Grants[]>> = {
  "roles/owner": OWNER,
  "roles/editor": [EDITOR],
  "roles/viewer": [only(EDITOR, ["get", "list"])],

  "roles/run.admin": [
    PROJECTS,
    RUN_DEVELOPER,
    RUN_INSTANCES,
    { "run.services": "setIamPolicy", "run.jobs": "setIamPolicy", "run.instances": "setIamPolicy" },
  ],
  "roles/run.developer": [PROJECTS, RUN_DEVELOPER, RUN_INSTANCES],
  "roles/run.sourceDeveloper": [
    PROJECTS,
    RUN_DEVELOPER,
    PUBSUB_EDITOR,
    {
      "artifactregistry.repositories": "create get list",
      "serviceusage.services": "get list",
      "storage.buckets": "create get list",
      "storage.objects": "create get list",
    },
  ],
  "roles/run.invoker": [{ "run.routes": "invoke", "run.jobs": "run", "run.instances": "invoke" }],
  "roles/run.servicesInvoker": [{ "run.routes": "invoke" }],
  "roles/run.jobsExecutor": [{ "run.jobs": "run", "run.executions": "cancel" }],
  "roles/run.jobsExecutorWithOverrides": [{ "run.jobs": "run runWithOverrides", "run.executions": "cancel" }],
  "roles/run.builder": [
    {
      "artifactregistry.repositories": "deleteArtifacts downloadArtifacts uploadArtifacts",
      "logging.logEntries": "create",
      "storage.objects": "get",
    },
  ],
  "roles/run.serviceAgent": [
    PROJECTS,
    REPOSITORY_READER,
    {
      "artifactregistry.repositories": "uploadArtifacts",
      "iam.serviceAccounts": `actAs ${MINTING} signBlob`,
      "resourcemanager.projects": "getIamPolicy",
      "run.routes": "invoke",
      "serviceusage.services": "get use",
      "storage.buckets": "create get update",
      "storage.objects": "create delete get list update",
    },
  ],

  "roles/cloudfunctions.admin": [
    PROJECTS,
    FUNCTIONS_DEVELOPER,
    RUN_DEVELOPER,
    {
      "cloudfunctions.functions": "getIamPolicy setIamPolicy",
      "run.jobs": "setIamPolicy",
      "run.services": "setIamPolicy",
      "serviceusage.services": "get list",
    },
  ],
  "roles/cloudfunctions.developer": [
    PROJECTS,
    FUNCTIONS_DEVELOPER,
    {
      "run.revisions": "delete get list",
      "run.routes": "get invoke list",
      "run.services": `${CRUD} getIamPolicy`,
      "serviceusage.services": "get list",
    },
  ],
  "roles/cloudfunctions.invoker": [{ "cloudfunctions.functions": "invoke" }],

  // Lists everything and reads, or reads and sets, every policy; nothing else.
  "roles/iam.securityAdmin": OWNER.map((grants) => only(grants, ["getIamPolicy", "list", "setIamPolicy"])),
  "roles/iam.securityReviewer": OWNER.map((grants) => only(grants, ["getIamPolicy", "list"])),
  "roles/iam.serviceAccountOpenIdTokenCreator": [{ "iam.serviceAccounts": "getOpenIdToken" }],
  "roles/iam.serviceAccountTokenCreator": [
    PROJECTS,
    { "iam.serviceAccounts": `get list ${MINTING} implicitDelegation signBlob signJwt` },
  ],
  "roles/iam.workloadIdentityUser": [{ "iam.serviceAccounts": `get list ${MINTING}` }],
  "roles/iam.serviceAccountUser": [PROJECTS, { "iam.serviceAccounts": "actAs get list" }],

  "roles/cloudscheduler.serviceAgent": [
    { "iam.serviceAccounts": MINTING, "logging.logEntries": "create route", "pubsub.topics": "publish" },
  ],
  "roles/cloudtasks.serviceAgent": [{ "iam.serviceAccounts": MINTING, "logging.logEntries": "create route" }],
  "roles/cloudtasks.enqueuer": [PROJECTS, { "cloudtasks.tasks": "create fullView" }],
  "roles/pubsub.serviceAgent": [
    PROJECTS,
    { "iam.serviceAccounts": `get list ${MINTING} implicitDelegation signBlob signJwt` },
  ],
  "roles/pubsub.publisher": [{ "pubsub.topics": "publish" }],
  "roles/pubsub.subscriber": [{ "pubsub.subscriptions": "consume", "pubsub.topics": "attachSubscription" }],

  "roles/artifactregistry.reader": [REPOSITORY_READER],
  "roles/artifactregistry.writer": [
    REPOSITORY_READER,
    { "artifactregistry.repositories": "uploadArtifacts" },
  ],
  "roles/cloudsql.client": [{ "cloudsql.instances": "connect get" }],
  // Basic roles are not said to have it: nobody gets through IAP by those here.
  "roles/iap.httpsResourceAccessor": [{ "iap.webServiceVersions": "accessViaIAP" }],
  "roles/logging.logWriter": [{ "logging.logEntries": "create" }],
  "roles/secretmanager.secretAccessor": [PROJECTS, { "secretmanager.versions": "access" }],
  "roles/servicemanagement.serviceController": [{ "servicemanagement.services": "check get quota report" }],
  "roles/storage.objectAdmin": [
    PROJECTS,
    OBJECT_VIEWER,
    { "storage.objects": "create delete getIamPolicy setIamPolicy update" },
  ],
  "roles/storage.objectViewer": [PROJECTS, OBJECT_VIEWER],
};

export const ROLES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(TABLE).map(([role, grants]) => [role, new Set(grants.flatMap(permissions))]),
);

/** Every permission that the sandbox can decide on. */
export const PERMISSIONS: ReadonlySet<string> = new Set([...ROLES.values()].flatMap((role) => [...role]));

function permissions(grants: Grants): string[] {
  return Object.entries(grants).flatMap(([collection, verbs]) =>
    verbs.split(" ").map((verb) => `${collection}.${verb}`),
  );
}

function only(grants: Grants, wanted: readonly string[]): Grants {
  const kept = Object.entries(grants).map(([collection, verbs]): [string, string] => [
    collection,
    verbs
      .split(" ")
      .filter((verb) => wanted.includes(verb))
      .join(" "),
  ]);
  return Object.fromEntries(kept.filter(([, verbs]) => verbs !== ""));
}
