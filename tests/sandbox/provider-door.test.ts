import { connect } from "node:net";
import { Cloud } from "../../sandbox/cloud/cloud";
import { newProject } from "../../sandbox/cloud/new-project";
import { UNKNOWN as UNKNOWN_INSIDE, type Props } from "../../sandbox/cloud/resources/values";
import { ProviderDoor, type Call, type DoorOptions, type Made } from "../../sandbox/doors/provider/door";
import { configFailures, type PackageName } from "../../sandbox/doors/shared/packages";
import { structOf, sent } from "../../sandbox/doors/shared/wire";
import { ProviderClient, secret, UNKNOWN, urnOf, type Wire } from "../support/provider-client";
import { CALLER, NUMBER, PROJECT, REGION, SAMPLES, type Sample } from "./resources.samples";

const RUN = "gcp:cloudrunv2/service:Service";
const TOPIC = "gcp:pubsub/topic:Topic";
const JOB = "gcp:cloudscheduler/job:Job";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SUFFIX = "random:index/randomString:RandomString";
const CONFIG = { project: PROJECT, region: REGION };

/** As the wire has it. */
const wired = (props: Props): Wire => structOf(sent(props, [])).toJavaScript();

describe("the provider door", () => {
  const doors: ProviderDoor[] = [];
  const clients: ProviderClient[] = [];
  let cloud: Cloud;

  beforeEach(() => {
    cloud = new Cloud({
      projects: [
        { id: PROJECT, number: NUMBER },
        { id: "other-project", number: "222222222222" },
      ],
    });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    for (const door of doors.splice(0)) door.close();
  });

  async function opened(
    name: PackageName = "gcp",
    config: Wire | "no config" = CONFIG,
    options: Partial<DoorOptions> = {},
  ): Promise<ProviderClient> {
    const door = new ProviderDoor({ cloud, ...options });
    doors.push(door);
    const { port } = await door.open({ package: name, version: "9.37.0" });
    const client = new ProviderClient(port);
    clients.push(client);
    if (config !== "no config") await client.configure(config);
    return client;
  }

  test("takes every kind through its life, and shows in previews what will be", async () => {
    const of: Record<PackageName, ProviderClient> = {
      gcp: await opened(),
      random: await opened("random", {}),
      kubernetes: await opened("kubernetes", {}),
    };
    const lives: { sample: Sample; client: ProviderClient; inputs: Wire; id: string; outputs: Wire }[] = [];
    for (const sample of SAMPLES) {
      const client = of[sample.token.split(":")[0] as PackageName];
      const { token, name } = sample;
      const { inputs, failures } = await client.check(token, name, wired(sample.inputs));
      expect({ token, failures }).toEqual({ token, failures: [] });
      const preview = await client.create(token, name, inputs, true);
      expect(preview.id).toBe("");
      const { id, outputs } = await client.create(token, name, inputs);
      expect({ token, id }).toEqual({ token, id: expect.stringMatching(/./) as string });
      expect(contradictions(preview.outputs, outputs)).toEqual([]);
      const same = await client.diff(token, id, { inputs, outputs, news: inputs });
      expect({ token, ...same }).toMatchObject({ token, changes: false, detailed: {} });
      const read = await client.read(token, id, { inputs, outputs });
      expect({ token, read }).toMatchObject({ token, read: { id, outputs } });
      const refreshed = await client.diff(token, id, { inputs: read?.inputs ?? {}, outputs, news: inputs });
      expect({ token, ...refreshed }).toMatchObject({ token, changes: false });
      lives.push({ sample, client, inputs, id, outputs });
    }
    for (const { sample, client, inputs, id, ...life } of lives.reverse()) {
      const { token, name, update } = sample;
      let { outputs } = life;
      if (update !== undefined) {
        const { inputs: news } = await client.check(token, name, wired(update), inputs);
        const planned = await client.update(token, id, { outputs, news, preview: true });
        outputs = await client.update(token, id, { outputs, news });
        expect(contradictions(planned, outputs)).toEqual([]);
      }
      await client.delete(token, id, outputs);
    }
    // Ids of deleted roles stay taken.
    expect(cloud.store.all().filter(({ token }) => !token.startsWith("deleted:"))).toEqual([]);
  });

  describe("previews", () => {
    test("keep inputs known, and are unknown in what only Google decides", async () => {
      const client = await opened();
      const news = wired({ location: REGION, template: { containers: [{ image: "hello" }] } });
      const { inputs } = await client.check(RUN, "hello", news);
      const { outputs } = await client.create(RUN, "hello", inputs, true);
      expect(outputs).toMatchObject({ ...inputs, project: PROJECT, uri: UNKNOWN, uid: UNKNOWN });
      expect(outputs.name).toMatch(/^hello-[0-9a-f]{7}$/);
      expect(cloud.store.size).toBe(0);
    });

    test("take inputs that are not known yet, whole or in part", async () => {
      const client = await opened();
      const news = wired({
        schedule: "5 * * * *",
        httpTarget: { uri: UNKNOWN_INSIDE, oidcToken: UNKNOWN_INSIDE },
      });
      const { inputs, failures } = await client.check(JOB, "nightly", news);
      expect(failures).toEqual([]);
      const { outputs } = await client.create(JOB, "nightly", inputs, true);
      expect(outputs).toMatchObject({
        httpTarget: { uri: UNKNOWN, oidcToken: UNKNOWN },
        schedule: "5 * * * *",
      });
    });
  });

  describe("secrets", () => {
    const password = secret("hunter2");
    const news = {
      location: REGION,
      template: { containers: [{ image: "hello", envs: [{ name: "PASSWORD", value: password }] }] },
    };

    test("stay secret where they are, and make nothing else secret", async () => {
      const client = await opened();
      const { inputs } = await client.check(RUN, "hello", news);
      expect(inputs).toMatchObject(news);
      const { id, outputs } = await client.create(RUN, "hello", inputs);
      const rest = { location: REGION, project: PROJECT };
      expect(outputs).toMatchObject({ ...news, ...rest });
      const read = await client.read(RUN, id, { inputs, outputs });
      expect(read).toMatchObject({ inputs: news, outputs: { ...news, ...rest } });
      expect(cloud.store.get(RUN, id)?.state).toMatchObject({
        template: { containers: [{ envs: [{ value: "hunter2" }] }] },
      });
      const updated = await client.update(RUN, id, { outputs, news: { ...inputs, description: "new" } });
      expect(updated).toMatchObject(news);
      const moved = { ...news, template: { containers: [{ image: "hello", envs: [] }] } };
      const diff = await client.diff(RUN, id, { inputs, outputs, news: { ...inputs, ...moved } });
      expect(diff.detailed).toEqual({ "template.containers[0].envs[0]": "DELETE" });
    });

    test("that are unknown yet are both", async () => {
      const client = await opened();
      const unknown = secret(UNKNOWN);
      const { inputs } = await client.check(TOPIC, "topic", { labels: { team: unknown } });
      const { outputs } = await client.create(TOPIC, "topic", inputs, true);
      expect(outputs).toMatchObject({ labels: { team: unknown } });
    });

    test("are secret in themselves when they are a secret's data, also when imported", async () => {
      const client = await opened();
      await client.create("gcp:secretmanager/secret:Secret", "key", {
        secretId: "key",
        project: PROJECT,
        replication: { auto: {} },
      });
      const token = "gcp:secretmanager/secretVersion:SecretVersion";
      const data = { secret: `projects/${PROJECT}/secrets/key`, secretData: "hush" };
      const { id, outputs } = await client.create(token, "first", data);
      expect(outputs.secretData).toEqual(secret("hush"));
      const imported = await client.read(token, id);
      expect(imported).toMatchObject({ inputs: { secretData: secret("hush") } });
    });

    test("that are asked with are answered with secrets", async () => {
      const client = await opened();
      const token = "gcp:organizations/getProject:getProject";
      expect(await client.invoke(token, { projectId: PROJECT })).toMatchObject({ number: NUMBER });
      expect(await client.invoke(token, { projectId: secret(PROJECT) })).toMatchObject({
        number: secret(NUMBER),
      });
    });
  });

  describe("diffs", () => {
    test("say path and kind of each change, and what replaces", async () => {
      const client = await opened();
      const news = wired({
        location: REGION,
        description: "old",
        template: { containers: [{ image: "a" }], timeout: "10s" },
      });
      const { inputs } = await client.check(RUN, "hello", news);
      const { id, outputs } = await client.create(RUN, "hello", inputs);
      const { description, ...rest } = inputs;
      expect(description).toBe("old");
      const changed = {
        ...rest,
        location: "europe-west1",
        labels: { team: "a" },
        template: { containers: [{ image: "b" }], timeout: "10s" },
      };
      expect(await client.diff(RUN, id, { inputs, outputs, news: changed })).toEqual({
        changes: true,
        replaces: ["location"],
        diffs: expect.arrayContaining(["location", "description", "template", "labels"]) as string[],
        deleteBeforeReplace: false,
        detailed: {
          description: "DELETE",
          labels: "ADD",
          location: "UPDATE_REPLACE",
          "template.containers[0].image": "UPDATE",
        },
      });
    });

    test("delete first whatever has a name of its own choosing, or is a member of a project", async () => {
      const client = await opened();
      const { inputs } = await client.check(TOPIC, "topic", { name: "fixed" });
      const { id, outputs } = await client.create(TOPIC, "topic", inputs);
      const elsewhere = { ...inputs, project: "other-project" };
      const diff = await client.diff(TOPIC, id, { inputs, outputs, news: elsewhere });
      expect(diff).toMatchObject({ replaces: ["project"], deleteBeforeReplace: true });

      const member = "gcp:projects/iAMMember:IAMMember";
      const grant = { project: PROJECT, role: "roles/viewer", member: "user:a@example.com" };
      const made = await client.create(member, "viewer", grant);
      const other = { ...grant, member: "user:b@example.com" };
      expect(
        await client.diff(member, made.id, { inputs: grant, outputs: made.outputs, news: other }),
      ).toMatchObject({
        replaces: ["member"],
        deleteBeforeReplace: true,
      });
    });

    test("of a provider's settings never replace its resources", async () => {
      const client = await opened();
      expect(await client.diffConfig(CONFIG, { ...CONFIG, region: "europe-west1" })).toMatchObject({
        changes: true,
        replaces: [],
        detailed: { region: "UPDATE" },
      });
      expect(await client.diffConfig(CONFIG, CONFIG)).toMatchObject({ changes: false });
    });
  });

  describe("names", () => {
    test("are made from the logical name, kept by updates, also under another logical name", async () => {
      const client = await opened();
      const { inputs } = await client.check(SUBSCRIPTION, "old-name", { topic: "t" });
      expect(inputs.name).toMatch(/^old-name-[0-9a-f]{7}$/);
      expect((await client.check(SUBSCRIPTION, "old-name", { topic: "t" }, inputs)).inputs).toEqual(inputs);
      expect((await client.check(SUBSCRIPTION, "new-name", { topic: "t" }, inputs)).inputs).toEqual(inputs);
      expect((await client.check(SUBSCRIPTION, "new-name", { topic: "t" })).inputs.name).toMatch(
        /^new-name-/,
      );
    });
  });

  describe("files", () => {
    test("are told apart by the hash that comes with them, wherever they lie", async () => {
      const client = await opened();
      await client.create("gcp:storage/bucket:Bucket", "sources", {
        name: "sources",
        location: "US",
        project: PROJECT,
      });
      const token = "gcp:storage/bucketObject:BucketObject";
      const archive = (hash: string, rest: Wire = { path: "no/such/folder" }) => ({
        "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7",
        hash: hash.repeat(64),
        ...rest,
      });
      const { inputs, failures } = await client.check(token, "code", {
        bucket: "sources",
        source: archive("a"),
      });
      expect(failures).toEqual([]);
      const { id, outputs } = await client.create(token, "code", inputs);
      expect(outputs.source).toEqual(archive("a"));
      // As the engine sends what it need not send whole.
      const elided = { ...inputs, source: archive("a", {}) };
      expect(await client.diff(token, id, { inputs: elided, outputs, news: elided })).toMatchObject({
        changes: false,
      });
      const other = { ...inputs, source: archive("b", {}) };
      expect(await client.diff(token, id, { inputs: elided, outputs, news: other })).toMatchObject({
        replaces: ["source"],
      });
    });
  });

  describe("reading", () => {
    test("finds nothing where nothing is", async () => {
      const client = await opened();
      expect(await client.read(TOPIC, `projects/${PROJECT}/topics/none`)).toBeUndefined();
    });

    test("takes a grant's id as people write it, and goes on with its own", async () => {
      const client = await opened();
      const token = "gcp:projects/iAMMember:IAMMember";
      const { id } = await client.create(token, "viewer", {
        project: PROJECT,
        role: "roles/viewer",
        member: "user:a@example.com",
      });
      const read = await client.read(token, `${PROJECT} roles/viewer user:a@example.com`);
      expect(read).toMatchObject({ id, inputs: { role: "roles/viewer", member: "user:a@example.com" } });
    });
  });

  describe("refusals", () => {
    test("of what is not modelled name it", async () => {
      const client = await opened();
      const vm = "gcp:compute/instance:Instance";
      const words = `resource type "${vm}" is not modelled by the sandbox`;
      await expect(client.check(vm, "vm", {})).rejects.toThrow(words);
      await expect(client.create(vm, "vm", {})).rejects.toThrow(words);
      await expect(client.read(vm, "x")).rejects.toThrow(words);
      await expect(client.invoke("gcp:compute/getZones:getZones", {})).rejects.toThrow(
        'function "gcp:compute/getZones:getZones" is not modelled by the sandbox',
      );
      await expect(client.construct()).rejects.toThrow(
        "ResourceProvider.construct is not modelled by the sandbox",
      );
      expect((await client.check(TOPIC, "t", { surprise: true })).failures).toEqual([
        { property: "surprise", reason: `${TOPIC} "t": property "surprise" is not modelled by the sandbox` },
      ]);
    });

    test("of Google's come with their number and their words", async () => {
      const client = await opened();
      await client.create(TOPIC, "topic", { name: "fixed", project: PROJECT });
      await expect(client.create(TOPIC, "topic", { name: "fixed", project: PROJECT })).rejects.toThrow(
        /^Error 409: Resource 'projects\/my-project\/topics\/fixed' .* already exists\. \(ALREADY_EXISTS\)$/,
      );
    });

    test("of settings name what would change the deployment and pass over how Google is reached", async () => {
      const client = await opened("gcp", "no config");
      const { inputs, failures } = await client.checkConfig({
        ...CONFIG,
        credentials: secret("{}"),
        runCustomEndpoint: "http://localhost/",
        defaultLabels: "{}",
      });
      expect(failures).toEqual([
        {
          property: "defaultLabels",
          reason: `the provider's setting "defaultLabels" is not modelled by the sandbox`,
        },
      ]);
      expect(inputs).toMatchObject({ ...CONFIG, credentials: secret("{}") });
      await expect(client.check(TOPIC, "t", {})).rejects.toThrow(
        'The provider "gcp" has not been configured yet.',
      );
    });

    test.each([
      ["kubernetes", { kubeconfig: "~/.kube/config", context: "mesh", version: "4.34.2" }, []],
      [
        "kubernetes",
        { namespace: "books", renderYamlToDirectory: "out" },
        ["namespace", "renderYamlToDirectory"],
      ],
      ["random", { version: "4.21.2", seed: 1 }, ["seed"]],
      ["gcp", { region: 1, project: undefined, zone: "us-central1-a" }, ["region"]],
    ] as const)("of the settings of %s %j is wrong: %j", (name, settings, wrong) => {
      expect(configFailures(name, settings).map(({ property }) => property)).toEqual(wrong);
    });
  });

  test("greets, tells its version, and can be told to stop", async () => {
    const client = await opened();
    expect(await client.handshake()).toMatchObject({
      acceptSecrets: true,
      acceptResources: false,
      acceptOutputs: false,
    });
    expect(await client.configure({})).toMatchObject({ acceptsecrets: true, supportspreview: true });
    expect(await client.version()).toBe("9.37.0");
    await client.cancel();
  });

  test("describes what it models and nothing else, with whatever it demands", async () => {
    const schema = (await (await opened()).schema()) as Schema;
    const own = SAMPLES.map(({ token }) => token).filter((token) => token.startsWith("gcp:"));
    expect(Object.keys(schema.resources).sort()).toEqual([...new Set(own)].sort());
    expect(schema).toMatchObject({ name: "gcp", version: "9.37.0" });
    expect(schema.resources[RUN]?.requiredInputs).toEqual(["location", "template"]);
    expect(schema.resources[RUN]?.inputProperties.template).toEqual({
      $ref: "#/types/gcp%3Acloudrunv2%2FServiceTemplate%3AServiceTemplate",
    });
    expect(schema.types["gcp:cloudrunv2/ServiceTemplateContainer:ServiceTemplateContainer"]).toMatchObject({
      properties: { image: { type: "string" }, commands: { type: "array", items: { type: "string" } } },
      required: ["image"],
    });
    expect(schema.resources["gcp:pubsub/topic:Topic"]?.inputProperties.labels).toEqual({
      type: "object",
      additionalProperties: { type: "string" },
    });
    expect(dangling(schema)).toEqual([]);
    // Whatever an input is called in a sample, the schema knows.
    const kubernetes = (await (await opened("kubernetes", {})).schema()) as Schema;
    expect(dangling(kubernetes)).toEqual([]);
    const resources = { ...schema.resources, ...kubernetes.resources };
    for (const { token, inputs } of SAMPLES.filter((sample) => !sample.token.startsWith("random:"))) {
      const known = Object.keys(resources[token]?.inputProperties ?? {});
      expect({ token, unknown: Object.keys(inputs).filter((key) => !known.includes(key)) }).toEqual({
        token,
        unknown: [],
      });
    }
    const random = (await (await opened("random", {})).schema()) as Schema;
    expect(random.resources[SUFFIX]?.requiredInputs).toEqual(["length"]);
  });

  test("makes the project that a provider is configured for, if it may, and only once", async () => {
    const config = { project: "brand-new", region: REGION };
    const token = "gcp:organizations/getProject:getProject";
    const strict = await opened("gcp", config);
    await expect(strict.invoke(token, {})).rejects.toThrow('Project "brand-new" does not exist');
    const newProjects = { newProject: (id: string) => newProject(id, { kind: "default" }) };
    const client = await opened("gcp", config, newProjects);
    await client.configure(config);
    const { number } = await client.invoke(token, {});
    expect(number).toBe(newProject("brand-new", { kind: "default" }).number);
  });

  test("tells of each call what it may change, waits for whoever listens, and says what was made", async () => {
    const calls: Call[] = [];
    const made: Made[] = [];
    const client = await opened("gcp", CONFIG, {
      around: async (call, work) => {
        calls.push(call);
        return work();
      },
      onMade: (each) => made.push(each),
    });
    const { inputs } = await client.check(TOPIC, "topic", {});
    await client.create(TOPIC, "topic", inputs, true);
    const { id, outputs } = await client.create(TOPIC, "topic", inputs);
    await client.delete(TOPIC, id, outputs);
    expect(calls.map(({ method, changes }) => [method, changes])).toEqual([
      ["configure", true],
      ["check", false],
      ["create", false],
      ["create", true],
      ["delete", true],
    ]);
    expect(made).toEqual([{ urn: urnOf(TOPIC, "topic"), token: TOPIC, id }]);
  });

  test("gives each provider a port and settings of its own, on loopback, and closes them all", async () => {
    const door = new ProviderDoor({ cloud });
    const [one, two] = [await door.open(GCP), await door.open(GCP)];
    const [first, second] = [new ProviderClient(one.port), new ProviderClient(two.port)];
    await first.configure(CONFIG);
    await second.configure({ project: "other-project", region: REGION });
    expect((await first.check(TOPIC, "t", {})).inputs.project).toBe(PROJECT);
    expect((await second.check(TOPIC, "t", {})).inputs.project).toBe("other-project");
    one.close();
    await expect(first.check(TOPIC, "t", {})).rejects.toThrow();
    expect((await second.check(TOPIC, "t", {})).failures).toEqual([]);
    door.close();
    expect(await Promise.all([one, two].map(({ port }) => answers(port)))).toEqual([false, false]);
    first.close();
    second.close();
  });

  test("shows the account that a caller will have before it exists", async () => {
    const client = await opened();
    const token = "gcp:serviceaccount/account:Account";
    const { inputs } = await client.check(token, "caller", { accountId: "caller" });
    const { outputs } = await client.create(token, "caller", inputs, true);
    expect(outputs).toMatchObject({ email: CALLER, member: `serviceAccount:${CALLER}`, uniqueId: UNKNOWN });
  });
});

const GCP = { package: "gcp", version: "9.37.0" } as const;

interface Schema {
  resources: Record<string, { inputProperties: Wire; requiredInputs: string[] }>;
  types: Record<string, unknown>;
}

/** Paths at which a preview said something else than what came. */
function contradictions(planned: unknown, real: unknown, path = ""): string[] {
  if (planned === UNKNOWN) return [];
  if (typeof planned !== "object" || planned === null) return planned === real ? [] : [path];
  const found = typeof real === "object" && real !== null ? (real as Wire) : {};
  return Object.entries(planned).flatMap(([key, value]) =>
    contradictions(value, found[key], `${path}.${key}`),
  );
}

function dangling({ resources, types }: Schema): string[] {
  const refs = [...JSON.stringify({ resources, types }).matchAll(/"#\/types\/([^"]+)"/g)];
  return refs.map(([, name = ""]) => decodeURIComponent(name)).filter((name) => !(name in types));
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
