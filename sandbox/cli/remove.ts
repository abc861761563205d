import { createRequire } from "node:module";
import type { Command } from "commander";
import { Folder } from "../host/folder";
import type * as Using from "../host/using";
import { ending, say } from "./ending";

/** `remove TYPE ID`: for what Pulumi made and no stack knows. */
export function addRemove(program: Command): void {
  program
    .command("remove")
    .description("Removes one resource from the embedded cloud, such as one that no stack knows.")
    .argument("<type>", "as Pulumi names it, such as gcp:cloudrunv2/service:Service")
    .argument("<id>", "its id, as `pulumi stack export` shows it")
    .action(async (type: string, id: string) => {
      const { using } = createRequire(__filename)("../host/using") as typeof Using;
      await ending(async () => {
        await using(new Folder(), (cloud) => cloud.remove(type, id));
        say(`Removed ${type} ${id}.`);
        return 0;
      });
    });
}
