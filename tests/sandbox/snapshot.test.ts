import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { projectName, serviceAccountName } from "../../sandbox/cloud/names";
import { Provider } from "../../sandbox/cloud/resources/provider";
import { restored, snapshotOf, type Snapshot } from "../../sandbox/cloud/snapshot";

const PROJECT = "snapshot-test";
const START = Date.UTC(2026, 10, 24, 12);
const DELAY = 120_000;
const REGION = "us-central1";

const ACCOUNT = "gcp:serviceaccount/account:Account";
const ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole";
const email = (id: string) => `${id}@${PROJECT}.iam.gserviceaccount.com`;
const member = (id: string) => `serviceAccount:${email(id)}`;

/** A cloud that has seen something of life: things made, changed, deleted, granted, revoked and still spreading. */
async function livedIn(): Promise<Cloud> {
  const clock = new VirtualClock(START);
  const cloud = new Cloud({
    clock,
    iamDelay: DELAY,
    projects: [
      { id: PROJECT, number: "123456789012", kind: "hardened", apis: ["iam.googleapis.com"] },
      { id: "snapshot-other", number: "210987654321" },
    ],
  });
  const provider = new Provider(cloud, { project: PROJECT, region: REGION });
  const create = async (token: string, name: string, news: Record<string, unknown>) => {
    const { inputs, failures } = provider.check(token, { name, news, seed: name });
    expect(failures).toEqual([]);
    return provider.create(token, { inputs, preview: false });
  };
  for (const api of ["run", "serviceusage", "cloudresourcemanager", "storage"]) {
    cloud.apis.enable(PROJECT, `${api}.googleapis.com`);
  }
  cloud.apis.disable("snapshot-other", "run.googleapis.com");
  await create(ACCOUNT, "caller", { accountId: "caller" });
  const gone = await create(ACCOUNT, "gone", { accountId: "deleted" });
  cloud.iam.grant(projectName(PROJECT), { role: "roles/run.invoker", member: member("deleted") });
  await provider.delete(ACCOUNT, { id: gone.id ?? "", outputs: gone.outputs });
  await create(ROLE, "role", { roleId: "pusher", title: "Pusher", permissions: ["run.routes.invoke"] });
  const lost = await create(ROLE, "lost", {
    roleId: "lost",
    title: "Lost",
    permissions: ["run.routes.invoke"],
  });
  await provider.delete(ROLE, { id: lost.id ?? "", outputs: lost.outputs });
  cloud.iam.grant(serviceAccountName(PROJECT, email("caller")), {
    role: "roles/iam.serviceAccountUser",
    member: cloud.deployer(PROJECT),
  });
  await clock.advance(DELAY);
  await create("gcp:cloudrunv2/service:Service", "hello", {
    location: REGION,
    deletionProtection: false,
    template: { serviceAccount: email("caller"), containers: [{ image: "hello" }] },
  });
  cloud.iam.grant(projectName(PROJECT), {
    role: "projects/snapshot-test/roles/pusher",
    member: member("caller"),
  });
  await clock.advance(DELAY / 2);
  return cloud;
}

/** As it comes back from a file. */
const written = (cloud: Cloud): Snapshot => JSON.parse(JSON.stringify(snapshotOf(cloud))) as Snapshot;
const again = (snapshot: Snapshot): { cloud: Cloud; clock: VirtualClock } => {
  const clock = new VirtualClock(snapshot.time);
  return { cloud: restored(snapshot, { clock, iamDelay: DELAY }), clock };
};

describe("a cloud's snapshot", () => {
  test("holds all that there is: restored and taken again, it is the same", async () => {
    const snapshot = written(await livedIn());
    expect(snapshot.resources.length).toBeGreaterThan(3);
    expect(written(again(snapshot).cloud)).toEqual(snapshot);
  });

  test("keeps what was written and is still spreading, to the moment", async () => {
    const { cloud, clock } = again(written(await livedIn()));
    const question = {
      member: member("caller"),
      permission: "run.routes.invoke",
      resource: projectName(PROJECT),
    };
    expect(cloud.iam.decide(question).allowed).toBe(false);
    await clock.advance(DELAY / 2 - 1);
    expect(cloud.iam.decide(question).allowed).toBe(false);
    await clock.advance(1);
    expect(cloud.iam.decide(question).allowed).toBe(true);
  });

  test("keeps names taken that Google keeps taken, and the dead apart from their namesakes", async () => {
    const { cloud, clock } = again(written(await livedIn()));
    const provider = new Provider(cloud, { project: PROJECT, region: REGION });
    const role = { roleId: "lost", title: "Lost", permissions: ["run.routes.invoke"], project: PROJECT };
    await clock.advance(8 * 86_400_000);
    await expect(provider.create(ROLE, { inputs: role, preview: false })).rejects.toThrow(
      "marked for deletion",
    );
    expect(cloud.iam.bindings(projectName(PROJECT)).map((binding) => binding.member)).toContainEqual(
      expect.stringMatching(/^deleted:serviceAccount:deleted@/),
    );
    await expect(
      provider.create(ACCOUNT, { inputs: { accountId: "caller", project: PROJECT }, preview: false }),
    ).rejects.toThrow("already exists");
  });

  test("keeps projects, their kind and their APIs, and makes nothing again that was taken away", async () => {
    const before = await livedIn();
    const usual = before.iam.bindings(projectName("snapshot-other"))[0];
    if (usual === undefined) throw new Error("a default project has bindings");
    before.iam.revoke(projectName("snapshot-other"), usual);
    const { cloud } = again(written(before));
    expect(cloud.iam.bindings(projectName("snapshot-other"))).not.toContainEqual(usual);
    expect(cloud.deployer(PROJECT)).toBe(member("deployer"));
    expect(cloud.apis.isEnabled(PROJECT, "run.googleapis.com")).toBe(true);
    expect(cloud.apis.isEnabled(PROJECT, "pubsub.googleapis.com")).toBe(false);
    expect(cloud.apis.isEnabled("snapshot-other", "run.googleapis.com")).toBe(false);
    expect(cloud.apis.isEnabled("snapshot-other", "pubsub.googleapis.com")).toBe(true);
  });

  test("goes on without the one that it was taken from, and takes none of its tokens", async () => {
    const before = await livedIn();
    const cloud = restored(snapshotOf(before), { clock: new VirtualClock(before.clock.now()) });
    cloud.iam.removeAccount(email("caller"));
    expect(before.iam.account(email("caller"))).toBeDefined();
    const token = await before.tokens.mint({ email: email("caller"), audience: "https://a.example" });
    expect(await cloud.tokens.verify(token)).toEqual({ ok: false, why: "unknown key" });
  });

  test("is not taken back in time", async () => {
    const snapshot = written(await livedIn());
    expect(() => restored(snapshot, { clock: new VirtualClock(START) })).toThrow(RangeError);
  });

  test("a project that comes later is as one that was there from the start, and has been for long", async () => {
    const spec = { id: "late-project", number: "333333333333", apis: ["pubsub.googleapis.com"] };
    const clock = new VirtualClock(START);
    const late = new Cloud({ clock, projects: [], iamDelay: DELAY });
    late.addProject(spec);
    expect(snapshotOf(late)).toEqual(snapshotOf(new Cloud({ clock, projects: [spec] })));
    expect(() => {
      late.addProject(spec);
    }).toThrow("given twice");
    late.iam.grant(projectName("late-project"), { role: "roles/viewer", member: "user:a@example.com" });
    const question = {
      member: "user:a@example.com",
      permission: "run.services.get",
      resource: projectName("late-project"),
    };
    expect(late.iam.decide(question)).toMatchObject({ allowed: false });
    await clock.advance(DELAY);
    expect(late.iam.decide(question)).toMatchObject({ allowed: true });
  });
});
