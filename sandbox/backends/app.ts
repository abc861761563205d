import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { join } from "node:path";
import { AppError } from "./app-error";
import { freePort } from "./free-port";
import { watchOver } from "./live-children";
import { signalGroup } from "./signal-group";
import { Tail } from "./tail";

/** How to start a local app. */
export interface AppSpec {
  /** For messages, such as `Run service "hello"`. */
  label: string;
  /** Its working folder. */
  folder: string;
  /** A script, and its arguments. */
  command: readonly string[];
  /** All of it but PORT. */
  environment: Readonly<Record<string, string>>;
}

/** Cloud Run gives a container four minutes; whoever waits here wants to know sooner. */
const START_LIMIT = 20_000;
/** https://cloud.google.com/run/docs/container-contract: SIGTERM, then SIGKILL; here nobody waits ten seconds. */
const STOP_LIMIT = 500;

const GUARD = join(__dirname, "child-guard.js");

export interface StartOptions {
  /** Milliseconds until it must listen. */
  limit?: number;
  /** Ends it while it is starting. */
  signal?: AbortSignal;
}

/** A local app that is listening. */
export class App {
  private constructor(
    readonly spec: AppSpec,
    readonly port: number,
    readonly child: ChildProcess,
    readonly tail: Tail,
  ) {}

  /** Resolves when the app listens on the port that it was given. */
  static async start(spec: AppSpec, options: StartOptions = {}): Promise<App> {
    const first = await App.#launch(spec, options);
    if (first instanceof App) return first;
    // Somebody took the port between its choice and its use; that does not happen twice.
    const second = first.portTaken ? await App.#launch(spec, options) : first;
    if (second instanceof App) return second;
    throw new AppError(`The app behind ${spec.label} does not start: ${second.reason}`);
  }

  /** Undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.child;
    return exitCode === null && signalCode === null ? undefined : howItEnded(exitCode, signalCode, this.tail);
  }

  async stop(): Promise<void> {
    await end(this.child);
  }

  static async #launch(spec: AppSpec, options: StartOptions): Promise<App | Failure> {
    const port = await freePort();
    const child = spawn(process.execPath, ["-r", GUARD, ...spec.command], {
      cwd: spec.folder,
      env: { ...inherited(), ...spec.environment, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // A group of its own: Ctrl-C at the terminal reaches the sandbox alone, and whatever the app starts ends with it.
      detached: true,
    });
    watchOver(child);
    const tail = new Tail(child);
    const failure = await startup(child, port, tail, options);
    if (failure === undefined) {
      letGo(child);
      return new App(spec, port, child, tail);
    }
    await end(child);
    return failure;
  }
}

interface Failure {
  reason: string;
  portTaken: boolean;
}

async function startup(
  child: ChildProcess,
  port: number,
  tail: Tail,
  { limit = START_LIMIT, signal }: StartOptions,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    let elsewhere: number | undefined;
    const fail = (reason: string): void => {
      done({ reason, portTaken: tail.text.includes("EADDRINUSE") });
    };
    const timer = setTimeout(() => {
      const where = elsewhere === undefined ? "" : `; it listens on ${elsewhere}, which is not $PORT`;
      fail(`it does not listen on port ${port} after ${limit / 1000} s${where}.${tail.quoted}`);
    }, limit);
    const onMessage = (message: unknown): void => {
      const heard = listeningOn(message);
      if (heard === port) done(undefined);
      else elsewhere = heard ?? elsewhere;
    };
    const onError = (error: Error): void => {
      fail(error.message);
    };
    const onLeave = (): void => {
      fail("it is not wanted any more.");
    };
    const onClose = (code: number | null, signal: string | null): void => {
      fail(howItEnded(code, signal, tail));
    };
    const done = (outcome: Failure | undefined): void => {
      clearTimeout(timer);
      child.off("message", onMessage).off("close", onClose);
      signal?.removeEventListener("abort", onLeave);
      resolve(outcome);
    };
    // "close" and not "exit": by then all that it said has been read.
    child.on("message", onMessage).on("close", onClose).on("error", onError);
    if (signal?.aborted === true) onLeave();
    else signal?.addEventListener("abort", onLeave);
  });
}

/** An app that nobody calls any more keeps nobody from ending: a program that waits for ever would not be noticed. */
function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
}

/** SIGTERM, and SIGKILL to those who do not listen; to all that the app has started. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      signalGroup(child, "SIGKILL");
    }, STOP_LIMIT);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    signalGroup(child, "SIGTERM");
  });
}

/** Nothing of the one who runs the sandbox: no credentials, no settings. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    ["PATH", "TMPDIR", "TEMP", "SystemRoot"].map((name) => [name, process.env[name]]),
  );
}

function listeningOn(message: unknown): number | undefined {
  if (typeof message !== "object" || message === null || !("listeningOn" in message)) return undefined;
  return typeof message.listeningOn === "number" ? message.listeningOn : undefined;
}

function howItEnded(code: number | null, signal: string | null, tail: Tail): string {
  return `it ended with ${signal === null ? `exit code ${code ?? "?"}` : signal}.${tail.quoted}`;
}
