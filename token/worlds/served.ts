import { Client } from "../../sandbox/host/client";
import type { Serving } from "../../sandbox/host/claim";
import type { Folder } from "../../sandbox/host/folder";
import { UsageError } from "../../sandbox/cli/usage-error";
import { Backend } from "../../sandbox/pulumi/backend";
import { fromState } from "../../trust/from-state";
import { again } from "../again";
import type { World } from "../world";
import { DEVELOPER, letIn, signedIn } from "./signed-in";

export interface ServedOptions {
  serving: Serving;
  folder: Folder;
  stack: { project: string; name: string };
  operator?: string;
  say: (line: string) => void;
}

/** The sandbox that `npm run sandbox -- serve` keeps up, with what was deployed to it. */
export function served({ serving, folder, stack, operator, say }: ServedOptions): World {
  const client = new Client(serving);
  return {
    where: `in the sandbox at ${serving.address}`,
    endpoint: client.apis,
    resources: () => {
      const deployment = new Backend(folder.pulumiState).deployment(stack.project, stack.name);
      if (deployment !== undefined) return Promise.resolve(fromState(deployment));
      throw new UsageError(
        `Stack ${stack.name} is not deployed in the sandbox at ${serving.address}. Deploy it: npm run sandbox -- pulumi up -s ${stack.name}`,
      );
    },
    operator: async ({ caller }) => {
      if (operator === undefined) {
        await client.letMint(DEVELOPER, caller.email);
        say(letIn(caller.email));
      }
      const member = operator ?? DEVELOPER;
      return signedIn(member, await client.accessToken(member));
    },
    use: async (token, choice) => {
      const { outcome, reason, status } = await client.atTheGate(choice.url, token);
      return [
        status === undefined
          ? `The gate of ${choice.target.name}: ${outcome}. ${reason}`
          : `GET ${choice.url} with it: ${status}. ${reason}`,
        "It is the sandbox's own, and nothing outside takes it. What it says:",
        `  curl "${client.apis}/tokeninfo?id_token=$(${again(choice, stack.name)})"`,
      ];
    },
    stop: () => Promise.resolve(),
  };
}
