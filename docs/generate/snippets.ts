import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import * as ts from "typescript";

/** A piece of TypeScript in a comment or a page. */
interface Snippet {
  /** The file that it is in, and the line before its first. */
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** What examples may use without saying where it comes from. */
const PRELUDE = `
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import {
  ApiGateway, BackendCallers, CallerIdentity, CloudFunction, CloudFunctionV1, CloudRunJob, CloudRunService,
  EndpointsService, EnvoyFront, ExternalApplication, FunctionV1Invoker, GoogleApiTarget, IapInvoker, IstioWorkload, ProjectApis,
  PushSubscription, RunInvoker, RunJobInvoker, SchedulerJob, TaskQueue,
} from "COMPONENTS";
declare const [schedulerunner, hello, authfn, runtopic]: [CallerIdentity, CloudRunService, CloudFunction, gcp.pubsub.Topic];
declare const [caller, report]: [CallerIdentity, CloudRunService];
declare const [legacyUrl, reportsUrl]: [pulumi.Output<string>, pulumi.Output<string>];
`.replace(/\n/g, " ");

/** The whole of "@pulumi/gcp" takes the compiler half a minute; these are the parts that examples use. */
const GCP_PARTS = ["cloudrunv2", "cloudscheduler", "organizations", "projects", "pubsub", "serviceaccount"];

/** Compiles every example against the components, and answers what is wrong with them. */
export function faultsInSnippets(root: string, files: readonly string[]): string[] {
  const snippets = files.flatMap((file) => snippetsIn(file, readFileSync(join(root, file), "utf8")));
  const sources = new Map(
    snippets.map((snippet, index) => [virtualPath(root, snippet, index), asModule(root, snippet)]),
  );
  const gcp = join(root, "docs/generate/gcp.snippet.ts");
  // What npm would install is compiled; here the sources stand for it, which are what the examples are about.
  const elsewhere = {
    "@pulumi/gcp": gcp,
    "@automatic-oidc/automatic-oidc": join(root, "components/index.ts"),
  };
  sources.set(gcp, GCP_PARTS.map((part) => `export * as ${part} from "@pulumi/gcp/${part}";`).join("\n"));
  const program = compile(root, sources, new Map(Object.entries(elsewhere)));
  return [...sources.keys()].flatMap((path, index) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((diagnostic) => described(diagnostic, snippets[index]));
  });
}

function snippetsIn(file: string, text: string): Snippet[] {
  const isMarkdown = file.endsWith(".md");
  const block = isMarkdown
    ? /^```(?:typescript|ts)\n([\s\S]*?)^```/gm
    : /^ *\* ```(?:typescript|ts)\n([\s\S]*?)^ *\* ```/gm;
  return [...text.matchAll(block)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length,
    code: isMarkdown ? (match[1] ?? "") : (match[1] ?? "").replace(/^ *\* ?/gm, ""),
  }));
}

/** A program with imports stands for itself; anything else is the body of one. No line is added before the first. */
function asModule(root: string, { file, code }: Snippet): string {
  if (/^import /m.test(code)) return code;
  const components = relative(join(root, dirname(file)), join(root, "components/index")) || ".";
  const from = components.startsWith(".") ? components : `./${components}`;
  return `${PRELUDE.replace("COMPONENTS", from)} export function example() {${code.replace(/^export /gm, "")}}`;
}

/** Only ES modules may wait at their top level. */
function virtualPath(root: string, { file, code }: Snippet, index: number): string {
  const extension = /\bawait /.test(code) && !/\basync /.test(code) ? "mts" : "ts";
  return join(root, dirname(file), `example-${index}.snippet.${extension}`);
}

function compile(
  root: string,
  sources: ReadonlyMap<string, string>,
  elsewhere: ReadonlyMap<string, string>,
): ts.Program {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  Object.assign(options, { noUnusedLocals: false, noUnusedParameters: false, types: ["node"] });
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const readFile = host.readFile.bind(host);
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.readFile = (path) => sources.get(path) ?? readFile(path);
  host.resolveModuleNameLiterals = (literals, containing, redirected, settings) =>
    literals.map(({ text }) => {
      const resolvedFileName = elsewhere.get(text);
      return resolvedFileName === undefined
        ? ts.resolveModuleName(
            text,
            containing,
            settings,
            host,
            undefined,
            redirected,
            ts.ModuleKind.CommonJS,
          )
        : { resolvedModule: { resolvedFileName, extension: ts.Extension.Ts } };
    });
  return ts.createProgram([...sources.keys()], options, host);
}

function described({ messageText, file, start }: ts.Diagnostic, snippet: Snippet | undefined): string {
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
  return snippet === undefined ? text : `${snippet.file}:${snippet.line + line}: ${text}`;
}
