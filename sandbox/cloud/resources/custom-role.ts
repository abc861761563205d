import { z } from "zod/mini";
import { CloudError } from "../errors";
import { kind, type Context, type Kind } from "./kind";
import { projectIn } from "./project";
import { block, choice, optional, pattern, projectId, text, texts } from "./shapes";
import { knownText } from "./values";

const DAY = 24 * 60 * 60_000;

/** Where the store keeps the ids of roles that were deleted: they stay taken for a while. */
const DELETED = "deleted:custom-role";

export const customRole: Kind<never> = kind(
  () =>
    block({
      // The provider's auto-name has a dash in it, which no role id may have: so it has to be given.
      roleId: pattern(
        /^[a-zA-Z0-9_.]{3,64}$/,
        'it must be 3 to 64 letters, digits, underscores and dots; give the argument "roleId"',
      ),
      title: text(100),
      description: optional(text(256)),
      permissions: texts().check(z.minLength(1)),
      project: optional(projectId()),
      stage: optional(choice(["ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP"])),
    }),
  {
    token: "gcp:projects/iAMCustomRole:IAMCustomRole",
    apis: ["iam.googleapis.com"],
    replaceOn: ["roleId", "project"],
    autoName: { property: "roleId", maxLength: 64 },
    fromProvider: { project: "project" },
    defaults: { stage: "GA" },
    computed: ["name", "deleted"],
    planned: (inputs) => {
      const [project, roleId] = [knownText(inputs, "project"), knownText(inputs, "roleId")];
      return project === undefined || roleId === undefined ? {} : { name: roleName(project, roleId) };
    },
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const name = roleName(project, inputs.roleId);
      return { id: name, fullName: `//iam.googleapis.com/${name}`, project };
    },
    create: (cx, inputs) => {
      const name = roleName(projectIn(cx, inputs).id, inputs.roleId);
      requireFree(cx, name);
      cx.cloud.store.remove(DELETED, name);
      cx.cloud.iam.defineRole(name, given(inputs));
      return { computed: { name, deleted: false } };
    },
    update: (cx, current, news) => {
      cx.cloud.iam.defineRole(current.id, given(news));
      return { computed: {} };
    },
    delete: (cx, { id, stored }) => {
      cx.cloud.iam.undefineRole(id);
      if (stored !== undefined) cx.cloud.store.put({ ...stored, token: DELETED, data: cx.cloud.clock.now() });
    },
  },
);

/** What only a role of an organisation can hold: github.com/terraform-google-modules/terraform-google-iam/issues/158 */
const NOT_OF_A_PROJECT = "resourcemanager.projects.list";

// A disabled role gives nothing: cloud.google.com/iam/docs/creating-custom-roles
function given(inputs: { stage?: string; permissions: string[] }): string[] {
  if (inputs.permissions.includes(NOT_OF_A_PROJECT))
    throw new CloudError("INVALID_ARGUMENT", `Permission ${NOT_OF_A_PROJECT} is not valid.`);
  return inputs.stage === "DISABLED" ? [] : inputs.permissions;
}

// For 7 days the provider undeletes the role; then its id stays taken for up to 30 more.
// cloud.google.com/iam/docs/creating-custom-roles
function requireFree(cx: Context, name: string): void {
  const deleted = cx.cloud.store.get(DELETED, name)?.data;
  if (typeof deleted !== "number") return;
  const age = (cx.cloud.clock.now() - deleted) / DAY;
  if (age <= 7 || age >= 37) return;
  throw new CloudError(
    "FAILED_PRECONDITION",
    `You can't create a role_id (${name}) which has been marked for deletion. Choose another id, or wait until 37 days after the deletion.`,
  );
}

function roleName(project: string, roleId: string): string {
  return `projects/${project}/roles/${roleId}`;
}
