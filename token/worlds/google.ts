import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type AuthClient, GoogleAuth, OAuth2Client } from "google-auth-library";
import { UsageError } from "../../sandbox/cli/usage-error";
import { fromState } from "../../trust/from-state";
import { again } from "../again";
import type { World } from "../world";

/** What reaches Google: Pulumi's state, and the operator's own credentials. Nothing else in this project does. */
export interface Reach {
  /** What `pulumi stack export` prints. */
  exported(stack: string, cwd: string): string;
  /** The operator's own credentials: https://docs.cloud.google.com/docs/authentication/application-default-credentials */
  credentials(): Promise<AuthClient>;
}

const SCOPES = [
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/userinfo.email",
];

export const REACH: Reach = {
  exported: (stack, cwd) => {
    if (!existsSync(cwd))
      throw new UsageError(`--cwd ${cwd} does not exist. Name the Pulumi program's folder.`);
    const args = ["stack", "export", "--stack", stack, "--non-interactive"];
    const { error, status, stdout, stderr } = spawnSync("pulumi", args, {
      cwd,
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    });
    if (error !== undefined) {
      throw new UsageError(
        `--google reads the stack with the Pulumi CLI, which does not run here: ${error.message}. https://www.pulumi.com/docs/install/`,
      );
    }
    if (status !== 0) throw new UsageError(`pulumi ${args.join(" ")} failed:\n${stderr.trimEnd()}`);
    return stdout;
  },
  credentials: async () => {
    try {
      return await new GoogleAuth({ scopes: SCOPES }).getClient();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UsageError(
        `There are no credentials of yours: ${why}\nSign in: gcloud auth application-default login`,
      );
    }
  },
};

/** The stack as it is deployed on Google Cloud. The token works there. */
export function onGoogle({ stack, cwd }: { stack: string; cwd: string }, reach: Reach = REACH): World {
  return {
    where: "on Google Cloud",
    resources: () => {
      const resources = fromState(deploymentIn(reach.exported(stack, cwd), stack));
      if (resources.length > 0) return Promise.resolve(resources);
      throw new UsageError(`Stack ${stack} has no resources. Deploy it first: pulumi up --stack ${stack}`);
    },
    operator: async () => {
      const client = await reach.credentials();
      return { client, member: () => memberOf(client) };
    },
    use: (_, choice) =>
      Promise.resolve([
        "It is valid for one hour, and whoever has it is the caller: keep it out of logs.",
        `  curl -H "Authorization: Bearer $(${again(choice, stack, "--google")})" ${choice.url}`,
      ]),
    stop: () => Promise.resolve(),
  };
}

function deploymentIn(text: string, stack: string): unknown {
  try {
    const { deployment } = JSON.parse(text) as { deployment?: unknown };
    return deployment;
  } catch {
    throw new UsageError(`pulumi stack export printed no JSON for stack ${stack}.`);
  }
}

/** For the words of a refusal only, so it may fail. */
async function memberOf(client: AuthClient): Promise<string | undefined> {
  try {
    const { token } = await client.getAccessToken();
    if (typeof token !== "string" || !(client instanceof OAuth2Client)) return undefined;
    const { email } = await client.getTokenInfo(token);
    if (email === undefined) return undefined;
    return `${email.endsWith(".gserviceaccount.com") ? "serviceAccount" : "user"}:${email}`;
  } catch {
    return undefined;
  }
}
