import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { projectName } from "../../sandbox/cloud/names";
import { Provider } from "../../sandbox/cloud/resources/provider";
import { Delivery } from "../../sandbox/delivery/delivery";
import { Ingress } from "../../sandbox/ingress/ingress";
import { START } from "./gates";

const PROJECT = "joined-test";
const LOCATION = "europe-west1";

/** Targets and sources as the provider makes them, rather than as the tests of the gates write them down. */
test("what the provider deploys can be called, by whom it says", async () => {
  const clock = new VirtualClock(START);
  const cloud = new Cloud({ clock, projects: [{ id: PROJECT, number: "123456789012" }] });
  const provider = new Provider(cloud, { project: PROJECT, region: LOCATION });
  const make = async <T>(
    token: string,
    name: string,
    news: Record<string, unknown>,
  ): Promise<T & { id: string }> => {
    const { inputs, failures } = provider.check(token, { name, news, seed: name });
    expect(failures).toEqual([]);
    const { id, outputs } = await provider.create(token, { inputs, preview: false });
    return { ...(outputs as T), id: id ?? "" };
  };

  const { email, member } = await make<{ email: string; member: string }>(
    "gcp:serviceaccount/account:Account",
    "caller",
    { accountId: "caller" },
  );
  const service = await make<{ uri: string; name: string }>("gcp:cloudrunv2/service:Service", "hello", {
    location: LOCATION,
    template: {
      serviceAccount: email,
      containers: [{ image: "us-docker.pkg.dev/cloudrun/container/hello" }],
    },
  });
  const bucket = await make<{ name: string }>("gcp:storage/bucket:Bucket", "source", {
    location: "EU",
    uniformBucketLevelAccess: true,
  });
  const source = await make<{ name: string }>("gcp:storage/bucketObject:BucketObject", "source", {
    bucket: bucket.name,
    name: "source.zip",
    source: { kind: "archive", hash: "0".repeat(64), files: {} },
  });
  cloud.iam.grant(projectName(PROJECT), { role: "roles/run.builder", member });
  const storage = { storageSource: { bucket: bucket.name, object: source.name } };
  const second = await make<{ url: string; serviceConfig: { uri: string; service: string } }>(
    "gcp:cloudfunctionsv2/function:Function",
    "second",
    {
      location: LOCATION,
      buildConfig: {
        runtime: "nodejs24",
        entryPoint: "main",
        serviceAccount: `projects/${PROJECT}/serviceAccounts/${email}`,
        source: storage,
      },
      serviceConfig: { serviceAccountEmail: email, ingressSettings: "ALLOW_INTERNAL_ONLY" },
    },
  );
  const first = await make<{ httpsTriggerUrl: string; name: string }>(
    "gcp:cloudfunctions/function:Function",
    "first",
    {
      runtime: "nodejs22",
      entryPoint: "main",
      triggerHttp: true,
      httpsTriggerSecurityLevel: "SECURE_ALWAYS",
      sourceArchiveBucket: bucket.name,
      sourceArchiveObject: source.name,
      serviceAccountEmail: email,
      buildServiceAccount: `projects/${PROJECT}/serviceAccounts/${email}`,
    },
  );

  const called: string[] = [];
  const ingress = new Ingress(cloud, ({ target, request }) => {
    called.push(`${target.kind} ${request.url}`);
    return Promise.resolve({ status: 200, headers: {}, body: "" });
  });
  const delivery = new Delivery(cloud, ingress);
  delivery.start();

  const job = (name: string, uri: string, audience: string): Promise<{ id: string }> =>
    make("gcp:cloudscheduler/job:Job", name, {
      schedule: "0 9 * * *",
      httpTarget: { uri, oidcToken: { serviceAccountEmail: email, audience } },
    });
  await job("to-hello", `${service.uri}/work`, service.uri);
  await job("to-second", second.serviceConfig.uri, second.serviceConfig.uri);
  await job("to-second-closed", second.url, second.url);
  await job("to-first", first.httpsTriggerUrl, first.httpsTriggerUrl);
  const topic = await make<{ name: string }>("gcp:pubsub/topic:Topic", "events", {});
  await make("gcp:pubsub/subscription:Subscription", "push", {
    topic: topic.name,
    pushConfig: {
      pushEndpoint: service.uri,
      oidcToken: { serviceAccountEmail: email, audience: service.uri },
    },
  });

  const statuses = (): Record<string, number | undefined> =>
    Object.fromEntries(
      delivery.attempts.map(({ source: { name }, response }) => [
        name.replace(/-[^-]*$/, ""),
        response?.status,
      ]),
    );
  await delivery.publish(topic.id, { data: "x" });
  await clock.advance(21 * 3_600_000);
  expect(statuses()).toEqual({
    "to-hello": 403,
    "to-second": 403,
    "to-second-closed": 404,
    "to-first": 403,
    push: 403,
  });
  expect(called).toEqual([]);

  await make("gcp:cloudrunv2/serviceIamMember:ServiceIamMember", "hello", {
    name: service.name,
    location: LOCATION,
    role: "roles/run.invoker",
    member,
  });
  await make("gcp:cloudrunv2/serviceIamMember:ServiceIamMember", "second", {
    name: second.serviceConfig.service.split("/").at(-1),
    location: LOCATION,
    role: "roles/run.servicesInvoker",
    member,
  });
  await make("gcp:cloudfunctions/functionIamMember:FunctionIamMember", "first", {
    cloudFunction: first.name,
    region: LOCATION,
    role: "roles/cloudfunctions.invoker",
    member,
  });
  await clock.advance(24 * 3_600_000);
  expect(statuses()).toEqual({
    "to-hello": 200,
    "to-second": 200,
    "to-second-closed": 404,
    "to-first": 200,
    push: 200,
  });
  const expected = [
    `function-v1 ${new URL(first.httpsTriggerUrl).origin}/`,
    `run-service ${second.serviceConfig.uri}/`,
    `run-service ${service.uri}/`,
    `run-service ${service.uri}/work`,
  ];
  expect(called.sort()).toEqual(expected.sort());
  delivery.stop();
  expect(clock.pending).toBe(0);
});
