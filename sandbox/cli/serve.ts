import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Command } from "commander";
import { Folder } from "../host/folder";
import type * as Serve from "../host/serve";
import type { ServeOptions } from "../host/serve";
import { iamDelay, port, projectKind } from "./arguments";
import { ending, say } from "./ending";

/** `serve`: one cloud that stays up. */
export function addServe(program: Command): void {
  program
    .command("serve")
    .description(
      "Keeps one embedded cloud up, its sources at work, with its state in .sandbox, until it is interrupted.",
    )
    .option("-C, --cwd <folder>", "the Pulumi program's folder, whose apps run behind the gates", ".")
    .option("--port <port>", "where it is controlled; default: any free port", port)
    .option("--runs-as <email>", "have a metadata server, which speaks for this service account")
    .addOption(projectKind())
    .addOption(iamDelay())
    .action(async ({ cwd, ...options }: Omit<ServeOptions, "folder" | "root" | "say"> & { cwd: string }) => {
      const { serve } = createRequire(__filename)("../host/serve") as typeof Serve;
      await ending(() => serve({ ...options, folder: new Folder(), root: resolve(cwd), say }));
    });
}
