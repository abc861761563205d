import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Folder } from "../host/folder";
import { HostError } from "../host/host-error";
import { Backend } from "./backend";
import { runQuietly } from "./cli";
import { readsConfig, withConfigFile, type Invocation } from "./invocation";
import { selectedStack, shortName, type Program } from "./program";
import { stackConfigFile, type SandboxConfig } from "./stack-file";

/** A command that would change the project's own files, or needs what there is not here. */
const REFUSED: readonly { words: readonly string[]; flag?: string; why: string }[] = [
  // One command under its three names.
  ...["destroy", "down", "dn"].map((word) => ({
    words: [word],
    flag: "--remove",
    why: "it would delete the project's Pulumi.<stack>.yaml. Use destroy, and then: stack rm",
  })),
  { words: ["stack", "rename"], why: "it would rename the project's Pulumi.<stack>.yaml" },
  {
    words: ["stack", "change-secrets-provider"],
    why: "in here secrets are encrypted with an empty passphrase, and never in the project's own files",
  },
];

/** One command under its four names. */
const INIT = ["init", "new", "create", "setup"];

/** What Pulumi is to be run with. */
export interface Prepared {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly config: SandboxConfig | undefined;
}

/** Makes a stack ready to be worked on in the sandbox, and the command fit for it. */
export class Stacks {
  constructor(
    private readonly folder: Folder,
    private readonly program: Program,
    private readonly env: Record<string, string>,
  ) {}

  prepare(asked: Invocation, wantedStack: string | undefined): Prepared {
    refuse(asked);
    const [first, second, third] = asked.words;
    if (first === "stack" && second !== undefined && [...INIT, "select"].includes(second)) {
      return this.#initOrSelect(asked, second === "select" ? "select" : "init", third);
    }
    const args =
      first === "stack" && ["rm", "remove", "delete"].includes(second ?? "")
        ? [...asked.args, "--preserve-config"]
        : asked.args;
    const given = asked.stack ?? wantedStack ?? selectedStack(this.folder.pulumiHome, this.program);
    const stack = given ?? this.#obvious();
    const env =
      asked.stack === undefined && stack !== undefined ? { ...this.env, PULUMI_STACK: stack } : this.env;
    if (stack === undefined || !readsConfig(asked)) return { args, env, config: undefined };
    const name = shortName(stack);
    if (this.program.stacks.includes(name)) this.#make(name);
    const config = stackConfigFile(this.folder.pulumiConfig, this.program, name);
    return { args: withConfigFile({ ...asked, args }, config.file), env, config };
  }

  /** The stack that a command is about when nobody says which. */
  #obvious(): string | undefined {
    const { stacks } = this.program;
    return stacks.includes("dev") ? "dev" : stacks.length === 1 ? stacks[0] : undefined;
  }

  /** Pulumi's own init writes into the project's file, so it is done elsewhere. */
  #initOrSelect(asked: Invocation, what: "init" | "select", word: string | undefined): Prepared {
    const stack = word ?? asked.stack;
    if (stack === undefined) {
      if (what === "select") return { args: asked.args, env: this.env, config: undefined };
      throw new HostError("Say which stack: npm run sandbox -- pulumi stack init NAME");
    }
    const name = shortName(stack);
    const creates = asked.args.some((arg) => arg === "--create" || arg === "-c");
    if (what === "init" || creates || this.program.stacks.includes(name)) this.#make(name);
    return { args: ["stack", "select", name], env: this.env, config: undefined };
  }

  /** A stack of that name, if there is none yet: made in a project without a program, which has the stack files of the sandbox. */
  #make(stack: string): void {
    const { name } = this.program;
    const backend = new Backend(this.folder.pulumiState);
    if (backend.has(name, stack)) return;
    const place = join(this.folder.pulumiConfig, name);
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const project = join(place, "Pulumi.yaml");
    if (!existsSync(project)) writeFileSync(project, stringify({ name, runtime: "nodejs" }));
    // Whatever a stack of the same name was told before, it is gone, and this one begins anew.
    rmSync(join(place, `Pulumi.${stack}.yaml`), { force: true });
    rmSync(join(place, `.${stack}.base.yaml`), { force: true });
    try {
      runQuietly(["stack", "init", stack, "--no-select", "--non-interactive", "--cwd", place], this.env);
    } catch (error) {
      // Another command may have made it at the same time.
      if (!backend.has(name, stack)) throw error;
    }
  }
}

function refuse({ words, args }: Invocation): void {
  const found = REFUSED.find(
    (each) =>
      each.words.every((word, index) => words[index] === word) &&
      (each.flag === undefined || isSet(args, each.flag)),
  );
  if (found === undefined) return;
  const command = [...found.words, ...(found.flag === undefined ? [] : [found.flag])].join(" ");
  throw new HostError(`pulumi ${command} is not done in the sandbox: ${found.why}.`);
}

/** Alone, or with a value that is not false. */
function isSet(args: readonly string[], flag: string): boolean {
  return args.some((arg) => arg === flag || (arg.startsWith(`${flag}=`) && !/=(false|f|0)$/i.test(arg)));
}
