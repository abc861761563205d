import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { readStackConfig } from "../../sandbox/cli/stack-config";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { InProcessEngine } from "../../sandbox/doors/in-process/engine";
import { trustGraph } from "../../trust/graph";
import { mermaid } from "../../trust/mermaid";

/**
 * The README with what is drawn and printed between its marks: the picture of the dev stack's trust graph, and the
 * output of `npm run sandbox`, without the time that it took.
 */
export async function filledReadme(root: string, text: string): Promise<string> {
  // The sandbox works in a process of its own meanwhile.
  const output = outputOf(root);
  const picture = await pictureOf(root);
  return between(
    between(text, "picture", fenced("mermaid", picture)),
    "output",
    fenced("text", await output),
  );
}

async function pictureOf(root: string): Promise<string> {
  const { project, stack, config } = readStackConfig(root, "dev");
  const projects = [{ id: config["gcp:project"] ?? "", number: "123456789012" }];
  const cloud = new Cloud({ projects, clock: new VirtualClock(0) });
  const load = createRequire(__filename);
  const engine = new InProcessEngine(cloud, { project, stack, config });
  const { resources } = await engine.up((): unknown => load(join(root, "index.ts")));
  return mermaid(trustGraph(resources));
}

/** Fails when the sandbox does not end with 0: then what it printed is nothing to show. */
async function outputOf(root: string): Promise<string> {
  const command = ["-r", "./register.js", "sandbox/cli/main.ts"];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });
  return stdout.replace(/ · [\d.]+ s\n/, "\n");
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trim()}\n\`\`\``;
}

/** The text with other content between `<!-- mark: … -->` and `<!-- /mark -->`. */
function between(text: string, mark: string, content: string): string {
  const block = new RegExp(`(<!-- ${mark}: [^>]*-->\n)[^]*?(<!-- /${mark} -->)`);
  return text.replace(block, (_, begin: string, end: string) => `${begin}\n${content}\n\n${end}`);
}
