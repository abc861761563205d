import { readFileSync } from "node:fs";
import * as components from "../../components";
import { asked, refusal } from "../support/arguments";
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

// What one component refuses of them, all do.
const EVERYWHERE: readonly [property: string, odd: unknown, said: string][] = [
  ["region", "us", 'region "us" is not a region. Name one, such as us-central1'],
  [
    "labels",
    { Team: "web" },
    'labels "Team" is not a label\'s key. Google allows up to 63 small letters, digits, hyphens and underscores, and a letter at the beginning of a key',
  ],
  [
    "labels",
    { team: "Web Team" },
    'labels.team "Web Team" is not a label\'s value. Google allows up to 63 small letters, digits, hyphens and underscores, and a letter at the beginning of a key',
  ],
];

describe.each(EVERYWHERE)("%s %j", (property, odd, why) => {
  const having = Object.keys(VALID()).filter((name) => property in inputsOf(name).inputProperties);

  test.each(having)("is refused by %s", async (name) => {
    expect(await said(name, { ...VALID()[name], [property]: odd })).toBe(`${name} "x": ${why}`);
  });
});

/** Values under a key of each map, where any text will not do. */
const UNDER_A_KEY: Readonly<Record<string, unknown>> = {
  callers: { email: "weekly@my-project.iam.gserviceaccount.com" },
  subjects: "112233445566778899000",
  secrets: { secret: "projects/my-project/secrets/token" },
  deployers: "group:pipeline@example.com",
  invokers: "group:people@example.com",
  enqueuers: "group:senders@example.com",
};

// Every object has these without being given them.
const INHERITED = ["constructor", "valueOf"];
/** Maps that a resource gets as they are. */
const REGISTERED = ["environment", "headers", "labels", "selector"];

describe.each(mapsOf(Object.keys(VALID())))(
  "%s with what every object has as keys of %s",
  (name, property) => {
    const withKey = (key: string) => {
      const callers = property === "subjects" ? { callers: { [key]: UNDER_A_KEY.callers } } : {};
      return { ...VALID()[name], ...callers, [property]: { [key]: UNDER_A_KEY[property] ?? "text" } };
    };

    const lost = ["__proto__", ...(REGISTERED.includes(property) ? ["toString"] : [])];

    test("takes them for keys like any other", async () => {
      for (const key of INHERITED) {
        const [found, alike] = [await outcome(name, withKey(key)), await outcome(name, withKey(`${key}x`))];
        expect([key, found]).toEqual([key, alike.replaceAll(`${key}x`, key)]);
      }
    });

    test("refuses those that Pulumi's SDK loses", async () => {
      for (const key of lost) {
        expect(await said(name, withKey(key))).toBe(
          `${name} "x": ${property === "subjects" ? "callers" : property} "${key}" is a key that Pulumi's SDK cannot hold. Choose another`,
        );
      }
    });
  },
);

test("a subject needs a caller of its own, whatever it is called", async () => {
  const args = { ...VALID().IstioWorkload, subjects: { constructor: "112233445566778899000" } };
  expect(await said("IstioWorkload", args)).toBe(
    'IstioWorkload "x": subjects "constructor" is no key of `callers`. Give each id under the key of the caller whose it is',
  );
});

function mapsOf(names: readonly string[]): [name: string, property: string][] {
  return names.flatMap((name) => {
    const { inputProperties } = inputsOf(name);
    const maps = Object.keys(inputProperties).filter(
      (property) => inputProperties[property]?.type === "object",
    );
    return maps.map((property): [string, string] => [name, property]);
  });
}

/** What a program asks for, or what it is refused with. */
async function outcome(name: string, args: unknown): Promise<string> {
  const inputs = asked(new TestStack(), () => void made(name, args));
  return JSON.stringify(
    await inputs.catch((error: unknown) => (error instanceof Error ? error.message : error)),
  );
}

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
