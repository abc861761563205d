import { readFileSync } from "node:fs";
import * as components from "../../components";
import { refusal } from "../support/arguments";
import { TestStack } from "../support/stack";

// What TypeScript's compiler refuses reaches the components from programs in JavaScript, and as values of type any.

type Component = new (name: string, args?: unknown) => Record<string, unknown>;

interface Schema {
  readonly resources: Readonly<
    Record<
      string,
      {
        readonly inputProperties: Readonly<Record<string, { type?: string; $ref?: string }>>;
        readonly requiredInputs: readonly string[];
      }
    >
  >;
}

const { resources } = JSON.parse(readFileSync("components/schema.json", "utf8")) as Schema;
const inputsOf = (name: string) =>
  resources[`automatic-oidc:index:${name}`] ?? { inputProperties: {}, requiredInputs: [] };

/** As little as each takes. */
function VALID(): Record<string, Record<string, unknown>> {
  const caller = { email: "nightly@my-project.iam.gserviceaccount.com" };
  const target = {
    url: "https://jobs.example.com",
    audience: "https://jobs.example.com",
    serviceAccountEmail: caller.email,
  };
  const region = "us-central1";
  const image = "us-docker.pkg.dev/cloudrun/container/hello";
  const url = "https://jobs.example.com";
  const callers = { nightly: caller };
  const backend = { service: "orders", region, url: "https://orders-123456789012.us-central1.run.app" };
  const code = { source: "apps/authfn", entryPoint: "helloHttp", region };
  return {
    ProjectApis: { project: "my-project", services: ["run"] },
    CallerIdentity: {},
    CloudRunService: { image, region },
    CloudRunJob: { image, region },
    CloudFunction: code,
    CloudFunctionV1: code,
    EndpointsService: { backend, callers, region },
    ApiGateway: { backend, callers, region },
    BackendCallers: { audience: "orders", callers },
    EnvoyFront: { url, callers, upstream: { address: "127.0.0.1", port: 8080 } },
    IstioWorkload: { url, callers, namespace: "books", selector: { app: "ledger" } },
    ExternalApplication: { url, callers },
    RunInvoker: { service: "reports", region, url, caller },
    FunctionV1Invoker: { function: "reports", url, caller },
    RunJobInvoker: { job: "close", region, caller },
    GoogleApiTarget: {
      url: "https://pubsub.googleapis.com/v1/t:publish",
      caller,
      grant: "roles/pubsub.publisher",
    },
    IapInvoker: { service: "reports", region, url, clientId: "1-x.apps.googleusercontent.com", caller },
    SchedulerJob: { schedule: "0 3 * * *", target },
    PushSubscription: { target },
    TaskQueue: { region, target },
  };
}

const made = (name: string, args: unknown) => {
  const Class = (components as unknown as Record<string, Component>)[name];
  if (Class === undefined) throw new Error(`no component ${name}`);
  return new Class("x", args);
};
const said = (name: string, args: unknown) => refusal(new TestStack(), () => void made(name, args));

test("every component is tried here", () => {
  const all = Object.keys(resources).map((token) => token.replace(/^.*:/, ""));
  expect(Object.keys(VALID()).sort()).toEqual(all.sort());
});

describe.each(Object.keys(VALID()))("%s", (name) => {
  const { requiredInputs, inputProperties } = inputsOf(name);
  const valid = VALID()[name] ?? {};

  test("takes as little as it says, and what is undefined for left out", async () => {
    const optional = Object.keys(inputProperties).filter((property) => !(property in valid));
    const args = { ...Object.fromEntries(optional.map((property) => [property, undefined])), ...valid };
    await new TestStack().preview(() => void made(name, args));
  });

  test("refuses arguments that are no object, and says what it needs", async () => {
    for (const args of [...(name === "CallerIdentity" ? [] : [undefined]), null, "text", []]) {
      const message = await said(name, args);
      expect(message).toMatch(RegExp(`^${name} "x": args .* is (missing|no object)\\. Give one`));
      for (const property of requiredInputs) expect(message).toContain(`${property}: `);
    }
  });

  test("says what is missing, and what is no value", async () => {
    for (const property of requiredInputs) {
      const missing = await said(name, { ...valid, [property]: undefined });
      expect(missing).toMatch(RegExp(`^${name} "x": ${property} \\(nothing\\) is missing\\. Give .+`));
    }
    for (const property of Object.keys(inputProperties)) {
      const none = await said(name, { ...valid, [property]: null });
      expect(none).toMatch(RegExp(`^${name} "x": ${property} null is no value\\. Give .+`));
    }
  });

  test("takes lists for lists, and objects for objects", async () => {
    for (const [property, { type, $ref }] of Object.entries(inputProperties)) {
      const isObject =
        type === "object" ||
        /:[A-Za-z]+(Args|Reference|Target|Backend|Upstream|Retry|Limits|Egress|Emails)$/.test($ref ?? "");
      if (type !== "array" && !isObject) continue;
      const words = type === "array" ? "list" : "object";
      for (const odd of [5, true, "x", "", type === "array" ? { a: "b" } : ["b"]]) {
        const message = await said(name, { ...valid, [property]: odd });
        expect(message).toMatch(RegExp(`^${name} "x": ${property} .* is no ${words}\\. Give .+`));
      }
      const inside = type === "array" ? [null] : { a: null };
      if (type === undefined) continue;
      const message = await said(name, { ...valid, [property]: inside });
      const place = type === "array" ? `${property}\\[0\\]` : `${property}\\.a`;
      expect(message).toMatch(RegExp(`^${name} "x": ${place} null is no value\\. Give .+`));
    }
  });

  test("whatever stands for an argument, either it is taken or somebody says what is wrong with it", async () => {
    for (const property of Object.keys(inputProperties)) {
      for (const odd of [5, "x", ["x"], { a: 5 }]) {
        const outcome = await said(name, { ...valid, [property]: odd }).catch((error: unknown) =>
          error instanceof TypeError || error instanceof RangeError ? `${error.name}: ${error.message}` : "",
        );
        expect([property, odd, outcome]).toEqual([
          property,
          odd,
          expect.not.stringMatching(/^[A-Za-z]+Error: /),
        ]);
      }
    }
  });
});

test.each(["CloudRunService", "CloudFunctionV1", "ExternalApplication", "IstioWorkload"])(
  "%s authorizes callers, and nothing else",
  async (name) => {
    for (const odd of [undefined, null, "nightly", {}, []]) {
      const message = await refusal(new TestStack(), () => {
        const target = made(name, VALID()[name]) as { authorize: (caller: unknown) => unknown };
        target.authorize(odd);
      });
      expect(message).toMatch(RegExp(`^${name} "x": authorize .* is no caller\\. Give a CallerIdentity`));
    }
  },
);
