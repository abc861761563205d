import { createRequire } from "node:module";
import type { Command } from "commander";
import { whoServes } from "../host/claim";
import type * as Clients from "../host/client";
import type { Client } from "../host/client";
import { Folder } from "../host/folder";
import { ending } from "./ending";
import type * as Attempts from "./print-attempts";
import { UsageError } from "./usage-error";

const load = createRequire(__filename);

/** What there is to do with a cloud that `serve` keeps up: `attempts`, `fire NAME`, `access-token MEMBER`. */
export function addServed(program: Command): void {
  program
    .command("attempts")
    .description("Lists what the sources of the served cloud have sent, and what came of it.")
    .option("--json", "as JSON", false)
    .action(async ({ json }: { json: boolean }) => {
      await ending(
        async () => {
          const attempts = await served().attempts();
          if (json) result(JSON.stringify(attempts, undefined, 2));
          else result(shown(attempts));
          return 0;
        },
        { json },
      );
    });
  program
    .command("fire")
    .description("Lets one source of the served cloud call its target now, and says what came of it.")
    .argument("<name>", "a job's, a push subscription's or a queue's")
    .option("--data <text>", "what a message or a task carries", "fired by hand")
    .option("--json", "as JSON", false)
    .addHelpText("after", "\nExit code: 0 if its first attempt succeeded, 1 if not, 2 if there was none.")
    .action(async (name: string, { data, json }: { data: string; json: boolean }) => {
      await ending(
        async () => {
          const attempt = await served().fire(name, data);
          result(json ? JSON.stringify(attempt, undefined, 2) : shown([attempt]));
          return attempt.outcome === "success" ? 0 : 1;
        },
        { json },
      );
    });
  program
    .command("access-token")
    .description("Prints an access token for the served cloud's APIs, as signing in would give one.")
    .argument("<member>", "whose, such as user:owner@example.com")
    .action(async (member: string) => {
      await ending(async () => {
        result(await served().accessToken(member));
        return 0;
      });
    });
}

function served(): Client {
  const folder = new Folder();
  const serving = whoServes(folder.serving);
  if (serving === undefined) {
    throw new UsageError(
      `Nobody serves ${folder.path}. Start it in another terminal: npm run sandbox -- serve`,
    );
  }
  const { Client: Served } = load("../host/client") as typeof Clients;
  return new Served(serving);
}

function shown(attempts: Parameters<typeof Attempts.printAttempts>[0]): string {
  const { printAttempts } = load("./print-attempts") as typeof Attempts;
  const width = [process.stdout.columns, Number(process.env.COLUMNS)].find((each) => each > 0) ?? 160;
  return attempts.length === 0
    ? "Nothing has been sent since it is up."
    : printAttempts(attempts, width).trimEnd();
}

function result(text: string): void {
  process.stdout.write(`${text}\n`);
}
