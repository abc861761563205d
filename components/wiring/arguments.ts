import * as pulumi from "@pulumi/pulumi";
import type { Caller } from "./callers";
import type { Problem, Subject } from "./checks";
import { refuse } from "./checks";

/** The names of the arguments that may not be left out. */
type Required<Args> = { [K in keyof Args]-?: object extends Pick<Args, K> ? never : K }[keyof Args] & string;

/** What a value has to be for a component to look into it while the program runs. */
interface Form {
  readonly fits: (it: unknown) => boolean;
  readonly problem: string;
  /** The same of each item or entry. */
  readonly each?: Form | undefined;
  /** Keys that do not come through Pulumi's SDK. */
  readonly lostKeys?: readonly string[] | undefined;
  /** What to give, after "Give". */
  readonly give: string;
}

/**
 * Refuses arguments that are left out or of another form, which the compiler does for TypeScript: programs in JavaScript,
 * and values of type any, come this far.
 */
export function requireArguments<Args extends object>(
  subject: Subject,
  args: Args,
  ...required: readonly Required<Args>[]
): void {
  if (!isObject(args)) {
    const all = required.map((property) => `${property}: ${formOf(property).give}`).join("; ");
    const remedy = all === "" ? "Give one, or leave it out" : `Give one with ${all}`;
    refuse(subject, "args", args, {
      problem: (args as unknown) === undefined ? "is missing" : "is no object",
      remedy,
    });
  }
  const given = Object.keys(args).filter((property) => args[property as keyof Args] !== undefined);
  for (const property of new Set([...required, ...given])) {
    requireForm(subject, property, args[property as keyof Args], formOf(property));
  }
}

/** Refuses what is no caller, given to `authorize`. */
export function requireCaller(subject: Subject, caller: Caller): void {
  if (isObject(caller) && typeof caller.logicalName === "string") return;
  refuse(subject, "authorize", caller, { problem: "is no caller", remedy: "Give a CallerIdentity" });
}

function requireForm(subject: Subject, property: string, it: unknown, form: Form): void {
  if (it === undefined || it === null || !form.fits(it)) {
    const problem = it === undefined ? "is missing" : it === null ? "is no value" : form.problem;
    refuse(subject, property, it, { problem, remedy: `Give ${form.give}` });
  }
  if (form.each === undefined || pulumi.Output.isInstance(it)) return;
  for (const [key, item] of Object.entries(it)) {
    if (form.lostKeys?.includes(key) === true) refuse(subject, property, key, LOST_KEY);
    // As everywhere in JavaScript: an entry that is undefined is an entry that is left out.
    if (item === undefined && form.each === ANY) continue;
    requireForm(subject, Array.isArray(it) ? `${property}[${key}]` : `${property}.${key}`, item, form.each);
  }
}

/** The SDK writes one map into another by assignment. */
const ASSIGNED: readonly string[] = ["__proto__"];
/** It also takes each input of a resource for a text, to name it in its logs. */
const REGISTERED: readonly string[] = [...ASSIGNED, "toString"];
const LOST_KEY: Problem = {
  problem: "is a key that Pulumi's SDK cannot hold",
  remedy: "Choose another",
};

function formOf(property: string): Form {
  return FORMS.get(property) ?? ANY;
}

/** Known now or later. */
function value(give: string): Form {
  return { fits: () => true, problem: "", give };
}

function object(give: string): Form {
  return { fits: isObject, problem: "is no object", give };
}

/** Values that a resource gets under the same keys. */
function map(give: string, lostKeys = REGISTERED): Form {
  return { ...object(give), each: ANY, lostKeys };
}

function list(give: string, each: Form = ANY): Form {
  return { fits: Array.isArray, problem: "is no list", give, each };
}

/** Values under keys that name resources, and so must be known now. */
function keyed(give: string, each: Form = ANY): Form {
  return {
    fits: (it) => isObject(it) && !pulumi.Output.isInstance(it),
    problem: "is no object",
    give,
    each,
    lostKeys: ASSIGNED,
  };
}

function isObject(it: unknown): boolean {
  return typeof it === "object" && it !== null && !Array.isArray(it);
}

const ANY = value("a value, or leave it out");
const CALLER = object("a CallerIdentity, or an account that is there as { email }");
const MEMBERS = 'IAM members under keys of your choice: { ci: "serviceAccount:…" }';
const SECRET: Form = {
  fits: (it) => isObject(it) && ("secret" in (it as object) || pulumi.Output.isInstance(it)),
  problem: "names no secret",
  give: "{ secret, version }",
};

/** An argument is called the same in all components that have it. */
const FORMS = new Map<string, Form>(
  Object.entries({
    agentEmails: object("addresses under the agents' names, or leave it out"),
    agents: list("agents, as in [TokenAgent.Scheduler]"),
    arguments: list('texts, as in ["--all"]'),
    audience: value("the audience that callers send"),
    backend: object("the service as { service, region, url }"),
    caller: CALLER,
    callers: keyed("callers under keys of your choice: { nightly: nightlyCaller }", CALLER),
    clientId: value("the id of the OAuth client that IAP lets programs use"),
    cloudSqlInstances: list("connection names, as in [instance.connectionName]"),
    command: list('texts, as in ["node", "close.js"]'),
    customAudiences: list('audiences, as in ["https://reports.example.com"]'),
    deadLetters: object("an object, {} for the defaults, or leave it out"),
    deployers: keyed(MEMBERS),
    enqueuers: keyed(MEMBERS),
    entryPoint: value("the name of the exported function"),
    environment: map("variables: { NAME: value }"),
    formerAudiences: list('audiences, as in ["https://old.example.com"]'),
    function: value("the name of the function"),
    grant: value("the role of the grant that the call needs"),
    headers: map("headers: { NAME: value }"),
    iap: object("{ clientId }, or leave it out"),
    image: value("the address of an image"),
    invokers: keyed(MEMBERS),
    job: value("the name of the job"),
    labels: map("labels: { name: value }"),
    namespace: value("the namespace of the workload"),
    paths: list('paths, as in ["/orders/{order}"]'),
    project: value('the id of the project, such as "my-project"'),
    query: map("parameters: { name: value }", ASSIGNED),
    rateLimits: object("limits as an object, or leave it out"),
    region: value('one, such as "us-central1"'),
    retry: object("settings as an object, or leave it out"),
    schedule: value('a cron expression, such as "0 3 * * *"'),
    secrets: keyed("secrets: { NAME: { secret } }", SECRET),
    selector: map('the labels of the workload\'s pods: { app: "ledger" }'),
    service: value("the name of the service"),
    services: list('APIs, as in ["run", "cloudscheduler"]'),
    source: value("the folder or archive with the code"),
    subjects: keyed("subjects under the keys of callers"),
    target: object("what authorize of a target returns, or an invoker"),
    upstream: object("the application behind Envoy as { address, port }"),
    url: value('an https address, such as "https://jobs.example.com"'),
    vpcEgress: object("{ network } or { subnetwork }, or leave it out"),
  }),
);
