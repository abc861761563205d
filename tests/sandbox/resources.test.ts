import fc from "fast-check";
import { Provider } from "../../sandbox/cloud/resources/provider";
import { isAsset, isProps, UNKNOWN, type Props } from "../../sandbox/cloud/resources/values";
import { Bench, sampleOf } from "./resources.bench";
import { CALLER, PROJECT, REGION, SAMPLES, type Sample } from "./resources.samples";

const JOB = "gcp:cloudscheduler/job:Job";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";

describe("every kind", () => {
  test("has a sample", () => {
    expect([...new Set(SAMPLES.map(({ token }) => token))].sort()).toEqual([...Provider.tokens].sort());
  });

  test.each(SAMPLES.map((sample) => [`${sample.token} "${sample.name}"`, sample] as const))(
    "%s is previewed, created, read, updated, replaced and deleted",
    async (_title, sample: Sample) => {
      const bench = new Bench();
      const { provider } = bench;
      for (const before of SAMPLES.slice(0, SAMPLES.indexOf(sample))) {
        await bench.create(before.token, before.inputs, before.name);
      }
      const size = bench.cloud.store.size;

      const inputs = bench.checked(sample.token, sample.inputs, sample.name);
      const preview = await provider.create(sample.token, { inputs, preview: true });
      expect(preview.id).toBeUndefined();
      expect(bench.cloud.store.size).toBe(size);
      const { id, outputs } = await bench.create(sample.token, sample.inputs, sample.name);
      expect(agrees(preview.outputs, outputs)).toEqual([]);

      expect(await provider.read(sample.token, { id })).toMatchObject({ id, outputs });
      const again = { id, oldInputs: inputs, oldOutputs: outputs };
      const same = provider.diff(sample.token, { ...again, news: structuredClone(inputs) });
      expect(same).toEqual({ changes: false, replaces: [], deleteBeforeReplace: false, detailed: {} });
      const seen = await provider.read(sample.token, { id });
      const refreshed = provider.diff(sample.token, {
        id,
        oldInputs: seen?.inputs ?? {},
        oldOutputs: outputs,
        news: inputs,
      });
      expect(refreshed.detailed).toEqual({});

      const [changed, path] = sample.replace;
      const replaced = provider.diff(sample.token, {
        ...again,
        news: bench.checked(sample.token, changed, sample.name),
      });
      expect(replaced.replaces).toEqual([path]);
      expect(replaced.detailed[path]).toBe("update-replace");

      const latest = await updated(bench, sample, { id, inputs, outputs });
      await provider.delete(sample.token, { id, outputs: latest });
      if (sample.token !== "gcp:projects/service:Service" && !sample.token.includes("serviceIdentity")) {
        expect(await provider.read(sample.token, { id })).toBeUndefined();
      }
      // Gone is deleted.
      await provider.delete(sample.token, { id, outputs: latest });
      expect(bench.cloud.store.list("gcp:cloudrunv2/service:Service").length).toBeLessThanOrEqual(2);
    },
  );

  test.each(Provider.tokens)("%s refuses what it does not model, by name", (token) => {
    const news = { ...sampleOf(token), surprise: true };
    expect(new Bench().failures(token, news, "hello")).toEqual([
      `${token} "hello": property "surprise" is not modelled by the sandbox`,
    ]);
  });

  test.each(Provider.tokens.filter((token) => token.startsWith("gcp:")))(
    "%s needs its API",
    async (token) => {
      const bench = new Bench();
      await bench.upTo(token);
      const apis = [
        "run",
        "cloudfunctions",
        "pubsub",
        "cloudscheduler",
        "cloudtasks",
        "iam",
        "storage",
        "artifactregistry",
      ];
      for (const api of [
        ...apis,
        "apigateway",
        "iap",
        "servicemanagement",
        "secretmanager",
        "cloudresourcemanager",
        "serviceusage",
      ]) {
        bench.cloud.apis.disable(PROJECT, `${api}.googleapis.com`);
      }
      const error = await bench.refusal(token, sampleOf(token));
      expect(error.status).toBe("PERMISSION_DENIED");
      expect(error.message).toMatch(/has not been used in project 123456789012 before or it is disabled/);
    },
  );
});

async function updated(
  bench: Bench,
  sample: Sample,
  made: { id: string; inputs: Props; outputs: Props },
): Promise<Props> {
  if (sample.update === undefined) return made.outputs;
  const { provider } = bench;
  const news = bench.checked(sample.token, sample.update, sample.name);
  const diff = provider.diff(sample.token, {
    id: made.id,
    oldInputs: made.inputs,
    oldOutputs: made.outputs,
    news,
  });
  expect(diff.changes).toBe(true);
  expect(diff.replaces).toEqual([]);
  const q = { id: made.id, oldOutputs: made.outputs, news };
  const preview = await provider.update(sample.token, { ...q, preview: true });
  expect(await provider.read(sample.token, { id: made.id })).toMatchObject({ outputs: made.outputs });
  const { outputs } = await provider.update(sample.token, { ...q, preview: false });
  expect(agrees(preview.outputs, outputs)).toEqual([]);
  expect(await provider.read(sample.token, { id: made.id })).toMatchObject({ outputs });
  return outputs;
}

/** The paths at which a preview says something else than what then comes true. */
function agrees(planned: unknown, real: unknown, path = ""): string[] {
  if (planned === UNKNOWN) return real === undefined ? [path] : [];
  if (isProps(planned) && isProps(real)) {
    const keys = new Set([...Object.keys(planned), ...Object.keys(real)]);
    return [...keys].flatMap((key) => agrees(planned[key], real[key], `${path}.${key}`));
  }
  return JSON.stringify(planned) === JSON.stringify(real) ? [] : [path];
}

/** The same value with some of its leaves not known yet. */
function withUnknowns(value: unknown, hide: () => boolean): unknown {
  if (hide()) return UNKNOWN;
  if (Array.isArray(value)) return value.map((item: unknown) => withUnknowns(item, hide));
  if (!isProps(value) || isAsset(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withUnknowns(item, hide)]));
}

/** The same value with one leaf made wrong. */
function spoilt(value: unknown, at: () => boolean): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => spoilt(item, at));
  if (isProps(value) && !isAsset(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, spoilt(item, at)]));
  }
  return at() ? (typeof value === "number" ? -1 : typeof value === "string" ? "$ $" : 7) : value;
}

describe("values that are not known yet", () => {
  test.each(SAMPLES.map((sample) => [`${sample.token} "${sample.name}"`, sample] as const))(
    "%s: what is unknown is never a failure that what is known is not",
    (_title, sample) => {
      const bench = new Bench();
      const draws = fc.infiniteStream(fc.integer({ min: 0, max: 9 }));
      fc.assert(
        fc.property(draws, draws, fc.boolean(), (spoils, hides, wrong) => {
          const known = wrong ? spoilt(sample.inputs, () => spoils.next().value === 0) : sample.inputs;
          const hidden = Object.fromEntries(
            Object.entries(known as Props).map(([key, value]) => [
              key,
              withUnknowns(value, () => hides.next().value < 3),
            ]),
          );
          const before = bench.failures(sample.token, known as Props);
          for (const failure of bench.failures(sample.token, hidden)) expect(before).toContain(failure);
        }),
        { numRuns: 60 },
      );
    },
  );

  test("a preview keeps what is known, in blocks that are partly unknown", async () => {
    const bench = new Bench();
    const news = sampleOf(JOB, {
      httpTarget: { uri: UNKNOWN, oidcToken: { serviceAccountEmail: CALLER, audience: UNKNOWN } },
    });
    const inputs = bench.checked(JOB, news);
    const { outputs } = await bench.provider.create(JOB, { inputs, preview: true });
    expect(outputs).toMatchObject({
      name: "oidctest",
      project: PROJECT,
      region: REGION,
      timeZone: "Europe/Paris",
      state: "ENABLED",
      httpTarget: { uri: UNKNOWN, oidcToken: { serviceAccountEmail: CALLER, audience: UNKNOWN } },
    });
  });

  test("an unknown where another resource would be needed is a replacement until it is known", () => {
    const bench = new Bench();
    const inputs = bench.checked(SUBSCRIPTION, sampleOf(SUBSCRIPTION));
    const news = { ...inputs, topic: UNKNOWN, ackDeadlineSeconds: UNKNOWN };
    const diff = bench.provider.diff(SUBSCRIPTION, { id: "x", oldInputs: inputs, oldOutputs: inputs, news });
    expect(diff.detailed).toEqual({ topic: "update-replace", ackDeadlineSeconds: "update" });
  });
});

test("what a queue's target says no more stays as it was while the target is there", async () => {
  const token = "gcp:cloudtasks/queue:Queue";
  const bench = new Bench();
  const { provider } = bench;
  const asked = (httpTarget?: Props) =>
    bench.checked(token, { name: "q", location: REGION, httpTarget }, "q");
  const olds = asked({ httpMethod: "GET", uriOverride: { scheme: "HTTP", host: "a.example" } });
  const { id, outputs } = await provider.create(token, { inputs: olds, preview: false });
  if (id === undefined) throw new Error("no queue");
  const changes = (news: Props) =>
    provider.diff(token, { id, oldInputs: olds, oldOutputs: outputs, news }).detailed;

  expect(changes(asked({ uriOverride: { host: "a.example" } }))).toEqual({});
  expect(changes(asked())).toEqual({ httpTarget: "delete" });
  for (const preview of [true, false]) {
    const news = asked({ uriOverride: { host: "b.example" } });
    const updated = await provider.update(token, { id, oldOutputs: outputs, news, preview });
    expect(updated.outputs.httpTarget).toEqual({
      httpMethod: "GET",
      uriOverride: { scheme: "HTTP", host: "b.example" },
    });
  }
});
