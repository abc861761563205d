import { CloudError } from "../errors";
import { projectName } from "../names";
import { decisionSoon, requireActAs } from "./access";
import type { Context } from "./kind";
import { runtimeRefusal } from "./runtimes";

/** What Cloud Build is told to build, for a function of either generation. */
export interface Build {
  generation: 1 | 2;
  project: { id: string; number: string };
  location: string;
  function: string;
  runtime: string;
  source: { bucket: string; object: string };
  /** E-mail of the account that builds. */
  account: string;
  /** projects/…/locations/…/repositories/…; without it Google's own, gcf-artifacts. */
  repository?: string;
}

const ACCOUNT = /^projects\/[^/]+\/serviceAccounts\/([^/]+)$/;

/** The e-mail in projects/P/serviceAccounts/E, the form in which builds name their account. */
export function buildAccount(fullName: string): string {
  return ACCOUNT.exec(fullName)?.[1] ?? fullName;
}

/** A build succeeds if its parts are there and its account may read, log and push. */
export function build(cx: Context, q: Build): void {
  const refusal = runtimeRefusal(q.runtime, q.generation, cx.cloud.clock.now());
  if (refusal !== undefined) throw new CloudError("INVALID_ARGUMENT", `Function "${q.function}": ${refusal}`);
  requireSource(cx, q);
  const repository = requireRepository(cx, q);
  requireActAs(cx, { email: q.account, project: q.project.id, to: `the build of function "${q.function}"` });
  for (const need of needs(q, repository)) requirePermission(cx, q, need);
}

function requireSource(cx: Context, { source }: Build): void {
  const bucket = cx.cloud.store.get("gcp:storage/bucket:Bucket", source.bucket);
  const object = cx.cloud.store.get(
    "gcp:storage/bucketObject:BucketObject",
    `${source.bucket}-${source.object}`,
  );
  if (bucket !== undefined && object !== undefined) return;
  throw new CloudError(
    "NOT_FOUND",
    `Failed to retrieve function source code: gs://${source.bucket}/${source.object} does not exist`,
  );
}

function requireRepository(cx: Context, q: Build): string {
  if (q.repository === undefined) return projectName(q.project.id);
  const stored = cx.cloud.store.get("gcp:artifactregistry/repository:Repository", q.repository);
  if (stored === undefined) {
    throw new CloudError("NOT_FOUND", `Repository ${q.repository} of function "${q.function}" was not found`);
  }
  if (stored.state.format !== "DOCKER" || stored.state.location !== q.location) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Repository ${q.repository} must be of format DOCKER and in ${q.location}, as function "${q.function}" is.`,
    );
  }
  return stored.fullName;
}

interface Need {
  permission: string;
  resource: string;
  on: string;
  /** It lies in a bucket of Google's own. */
  inBucket?: true;
}

// docs.cloud.google.com/functions/docs/securing/build-custom-sa. The source is read from a bucket of Google's own,
// gcf-v2-sources-NUMBER-REGION (gcf-sources- in the 1st generation), which only a grant on the project reaches in time.
function needs(q: Build, repository: string): Need[] {
  const project = projectName(q.project.id);
  const sources = `gcf-${q.generation === 2 ? "v2-" : ""}sources-${q.project.number}-${q.location}`;
  return [
    { permission: "storage.objects.get", resource: project, on: `gs://${sources}`, inBucket: true },
    { permission: "logging.logEntries.create", resource: project, on: `project ${q.project.id}` },
    {
      permission: "artifactregistry.repositories.uploadArtifacts",
      resource: repository,
      on: q.repository ?? `projects/${q.project.id}/locations/${q.location}/repositories/gcf-artifacts`,
    },
  ];
}

function requirePermission(cx: Context, q: Build, need: Need): void {
  const member = `serviceAccount:${q.account}`;
  const { permission, resource } = need;
  if (decisionSoon(cx, { member, permission, resource }).allowed) return;
  if (need.inBucket === true && isEditor(cx, q.project.id, member)) return;
  throw new CloudError(
    "FAILED_PRECONDITION",
    `Build failed: could not build the function "${q.function}" due to a missing permission on the build service account. ` +
      `${q.account} does not have ${permission} on ${need.on}. Grant it roles/run.builder on project ${q.project.id}.`,
  );
}

/** A bucket gives editors and owners of its project its objects from the start: cloud.google.com/storage/docs/access-control/iam-roles */
function isEditor(cx: Context, project: string, member: string): boolean {
  const bindings = cx.cloud.iam.bindings(projectName(project));
  return bindings.some(
    (each) => each.member === member && ["roles/editor", "roles/owner"].includes(each.role),
  );
}
