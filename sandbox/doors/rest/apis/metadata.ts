import type { IncomingHttpHeaders } from "node:http";
import type { Cloud } from "../../../cloud/cloud";
import { CloudError } from "../../../cloud/errors";
import type { Project } from "../../../cloud/projects";
import { CLOUD_PLATFORM } from "../../../cloud/tokens/access-tokens";
import { requireScopes } from "../../../cloud/tokens/scopes";
import type { Api, Call, Handler, Reply } from "../api";

/** What a workload on Google Cloud runs as. */
export interface Instance {
  /** The e-mail of its service account. */
  account: string;
  /** The id of its project. Default: that of the account. */
  project?: string;
}

const ROOT = "/computeMetadata/v1";
const ACCOUNTS = `${ROOT}/instance/service-accounts`;
const FLAVOR = { "Metadata-Flavor": "Google", Server: "Metadata Server for VM" };
/** What Google says of a token that was made a moment ago. */
const SECONDS = 3599;
/**
 * Of what a query may say. Licenses are those of a virtual machine, and there is none; nobody is kept waiting for a change.
 * https://docs.cloud.google.com/compute/docs/metadata/querying-metadata
 */
const PARAMETERS = ["alt", "audience", "format", "licenses", "recursive", "scopes"];

/**
 * The metadata server of one workload: whoever can reach it speaks for its service account, and needs no permission to.
 * https://docs.cloud.google.com/compute/docs/metadata/predefined-metadata-keys
 */
export function metadataApi(cloud: Cloud, { project, account }: Instance): Api {
  const home = (): Project =>
    cloud.projects.require(project ?? cloud.iam.account(account)?.project ?? account);
  const ofAccount =
    (read: (email: string, call: Call) => unknown): Handler =>
    async (call) => {
      const asked = call.params.account ?? "";
      if (asked !== "default" && asked !== account) {
        throw new CloudError("NOT_FOUND", `This workload runs as ${account}, not as ${asked}.`);
      }
      return { body: await read(account, call) };
    };
  const text =
    (body: string): Handler =>
    () => ({ body });
  const scopes = `${CLOUD_PLATFORM}\n`;

  const routes: Record<string, Handler> = {
    [`${ROOT}/`]: text("instance/\nproject/\nuniverse/\n"),
    [`${ROOT}/instance`]: text("service-accounts/\n"),
    [`${ROOT}/instance/`]: text("service-accounts/\n"),
    [`${ROOT}/universe/universe-domain`]: text("googleapis.com"),
    [`${ROOT}/project/project-id`]: () => ({ body: home().id }),
    [`${ROOT}/project/numeric-project-id`]: () => ({ body: home().number }),
    [`${ACCOUNTS}/`]: text(`default/\n${account}/\n`),
    [`${ACCOUNTS}/{account}/`]: ofAccount((email, { url }) =>
      url.searchParams.get("recursive") === "true"
        ? { aliases: ["default"], email, scopes: [CLOUD_PLATFORM] }
        : "aliases\nemail\nidentity\nscopes\ntoken\n",
    ),
    [`${ACCOUNTS}/{account}/aliases`]: ofAccount(() => "default\n"),
    [`${ACCOUNTS}/{account}/email`]: ofAccount((email) => email),
    [`${ACCOUNTS}/{account}/scopes`]: ofAccount(() => scopes),
    [`${ACCOUNTS}/{account}/token`]: ofAccount((email, { url }) => accessToken(cloud, email, url)),
    [`${ACCOUNTS}/{account}/identity`]: ofAccount((email, { url }) => identity(cloud, email, url)),
  };
  return {
    name: "metadata.google.internal",
    routes: Object.fromEntries(
      Object.entries(routes).map(([path, handler]) => [`GET ${path}`, guarded(handler)]),
    ),
    refusal: ({ httpStatus, message }) => ({ status: httpStatus, headers: FLAVOR, body: `${message}\n` }),
  };
}

/** A request that somebody was tricked into has no such header, or came through a proxy. */
function guarded(handler: Handler): Handler {
  return async (call): Promise<Reply> => {
    const why = suspicion(call.headers);
    if (why !== undefined) throw new CloudError("PERMISSION_DENIED", why);
    const unknown = [...call.url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
    if (unknown !== undefined) {
      throw new CloudError("UNIMPLEMENTED", `The sandbox does not model the parameter "${unknown}" here.`);
    }
    const reply = await handler(call);
    const type = typeof reply.body === "string" ? "application/text" : "application/json";
    return { ...reply, headers: { ...FLAVOR, "Content-Type": type } };
  };
}

/** https://docs.cloud.google.com/compute/docs/metadata/querying-metadata */
function suspicion(headers: IncomingHttpHeaders): string | undefined {
  if (headers["metadata-flavor"] !== "Google") return "Missing Metadata-Flavor:Google header.";
  if (headers["x-forwarded-for"] !== undefined) return "Requests with X-Forwarded-For are not answered.";
  return undefined;
}

function accessToken({ tokens }: Cloud, email: string, url: URL): Record<string, unknown> {
  const scopes = (url.searchParams.get("scopes") ?? CLOUD_PLATFORM).split(",");
  // Assumed: how the server words it.
  requireScopes(
    scopes,
    (scope) => new CloudError("INVALID_ARGUMENT", `"${scope}" is no OAuth scope (invalid_scope).`),
  );
  const { token } = tokens.mintAccess({ member: `serviceAccount:${email}`, scopes });
  return { access_token: token, expires_in: SECONDS, token_type: "Bearer" };
}

/**
 * The e-mail is in the token only if the full format is asked for. On a virtual machine that one describes the machine
 * too; here no machine is. That Cloud Run's server makes the same difference between the formats is assumed.
 * https://docs.cloud.google.com/compute/docs/instances/verifying-instance-identity
 */
async function identity({ tokens }: Cloud, email: string, url: URL): Promise<string> {
  const audience = url.searchParams.get("audience") ?? "";
  const format = url.searchParams.get("format") ?? "standard";
  if (audience === "") throw new CloudError("INVALID_ARGUMENT", "non-empty audience parameter required");
  if (format !== "standard" && format !== "full") {
    throw new CloudError("INVALID_ARGUMENT", `format is standard or full, not "${format}".`);
  }
  return tokens.mint({ email, audience, includeEmail: format === "full" });
}
