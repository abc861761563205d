import { z } from "zod/mini";
import { CloudError } from "../errors";
import { serviceAccountName } from "../names";
import { digits } from "./identifiers";
import { kind, type Context, type Kind } from "./kind";
import { projectIn } from "./project";
import { block, flag, optional, pattern, projectId } from "./shapes";
import { knownText, type Props } from "./values";

const TOKEN = "gcp:serviceaccount/account:Account";

const bytes = (max: number) =>
  z.string().check(z.refine((value) => Buffer.byteLength(value) <= max, `it must be at most ${max} bytes`));

// cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create
const accountId = () =>
  pattern(
    /^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/,
    "it must be 6 to 30 lower-case letters, digits and dashes, a letter first and no dash last",
  );

export const serviceAccount: Kind<never> = kind(
  () =>
    block({
      accountId: accountId(),
      displayName: optional(bytes(100)),
      description: optional(bytes(256)),
      project: optional(projectId()),
      disabled: optional(flag),
      createIgnoreAlreadyExists: optional(flag),
    }),
  {
    token: TOKEN,
    apis: ["iam.googleapis.com"],
    replaceOn: ["accountId", "project"],
    autoName: { property: "accountId", maxLength: 30 },
    fromProvider: { project: "project" },
    defaults: { disabled: false },
    computed: ["email", "member", "name", "uniqueId"],
    planned: (inputs) => addresses(inputs),
    adopts: (inputs) => inputs.createIgnoreAlreadyExists === true,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const email = emailOf(inputs.accountId, project);
      const id = `projects/${project}/serviceAccounts/${email}`;
      return { id, fullName: serviceAccountName(project, email), project };
    },
    create: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const email = emailOf(inputs.accountId, project);
      const present = cx.cloud.iam.account(email);
      if (present !== undefined && inputs.createIgnoreAlreadyExists !== true) {
        throw new CloudError(
          "ALREADY_EXISTS",
          `Service account ${inputs.accountId} already exists within project projects/${project}.`,
        );
      }
      const uniqueId = present?.uniqueId ?? digits(() => cx.cloud.random(), 21);
      cx.cloud.iam.addAccount({ email, uniqueId, project, disabled: inputs.disabled ?? false });
      return { computed: { ...addresses({ ...inputs, project }), uniqueId } };
    },
    update: (cx, current, news) => {
      const account = accountOf(cx, current.state);
      cx.cloud.iam.addAccount({ ...account, disabled: news.disabled ?? false });
      return { computed: {} };
    },
    delete: (cx, current) => {
      cx.cloud.iam.removeAccount(accountOf(cx, current.state).email);
    },
  },
);

// The provider works these out of accountId and project, so that first previews show them
// (github.com/hashicorp/terraform-provider-google, resource_google_service_account.go, CustomizeDiff).
function addresses(inputs: Props): Props {
  const id = knownText(inputs, "accountId");
  const project = knownText(inputs, "project");
  if (id === undefined || project === undefined) return {};
  const email = emailOf(id, project);
  return { email, member: `serviceAccount:${email}`, name: `projects/${project}/serviceAccounts/${email}` };
}

// A project of a domain, example.com:name, turns around in the address.
function emailOf(id: string, project: string): string {
  const [name = "", domain] = project.split(":").reverse();
  return `${id}@${domain === undefined ? name : `${name}.${domain}`}.iam.gserviceaccount.com`;
}

function accountOf(cx: Context, state: Props): { email: string; uniqueId: string; project: string } {
  const email = knownText(state, "email") ?? "";
  const account = cx.cloud.iam.account(email);
  if (account === undefined) throw new CloudError("NOT_FOUND", `Service account ${email} does not exist.`);
  return { email: account.email, uniqueId: account.uniqueId, project: account.project };
}
