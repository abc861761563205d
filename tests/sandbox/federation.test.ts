import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { serviceAccountName } from "../../sandbox/cloud/names";
import { Provider } from "../../sandbox/cloud/resources/provider";
import type { Props } from "../../sandbox/cloud/resources/values";
import { START } from "./gates";

const PROJECT = "my-project";
const EMAIL = `deploy@${PROJECT}.iam.gserviceaccount.com`;
const POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool";
const PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider";
const IN_POOL = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github";

const pool = { workloadIdentityPoolId: "github" };
const provider: Props = {
  ...pool,
  workloadIdentityPoolProviderId: "deploy",
  attributeMapping: { "google.subject": "assertion.sub" },
  attributeCondition: 'assertion.repository_id == "1"',
  oidc: { issuerUri: "https://token.actions.githubusercontent.com" },
};

const clock = new VirtualClock(START);
const cloud = new Cloud({ clock, projects: [{ id: PROJECT, number: "123456789012" }] });
const gcp = new Provider(cloud, { project: PROJECT });

const make = (token: string, news: Props) => {
  const { inputs, failures } = gcp.check(token, { name: "x", news, seed: "x" });
  expect(failures).toEqual([]);
  return gcp.create(token, { inputs, preview: false });
};
const faults = (token: string, news: Props) =>
  gcp.check(token, { name: "x", news, seed: "x" }).failures.map(({ property }) => property);

describe("pools and their providers", () => {
  test("are named by the project's number, as members of policies are", async () => {
    await expect(make(PROVIDER, provider)).rejects.toThrow("workloadIdentityPools/github was not found");
    const made = await make(POOL, pool);
    expect(made.outputs).toMatchObject({ name: IN_POOL.replace("iam.googleapis.com/", ""), state: "ACTIVE" });
    const { outputs } = await make(PROVIDER, provider);
    expect(outputs["name"]).toBe(`${String(made.outputs["name"])}/providers/deploy`);
  });

  test("keep their ids for thirty days after they are deleted", async () => {
    const id = `projects/${PROJECT}/locations/global/workloadIdentityPools/github`;
    await gcp.delete(POOL, { id, outputs: pool });
    expect(await gcp.read(POOL, { id })).toBeUndefined();
    await clock.advance(29 * 86_400_000);
    await expect(make(POOL, pool)).rejects.toThrow("was deleted less than 30 days ago");
    await clock.advance(86_400_000);
    await make(POOL, pool);
  });

  test("must say whose tokens of GitHub's are meant, and who is who", () => {
    expect(faults(PROVIDER, provider)).toEqual([]);
    expect(faults(PROVIDER, { ...provider, attributeCondition: undefined })).toEqual(["attributeCondition"]);
    expect(faults(PROVIDER, { ...provider, attributeMapping: {} })).toEqual(["attributeMapping"]);
    const other = {
      ...provider,
      attributeCondition: undefined,
      oidc: { issuerUri: "https://ci.example.com" },
    };
    expect(faults(PROVIDER, other)).toEqual([]);
    expect(faults(POOL, { workloadIdentityPoolId: "gcp-x" })).toEqual(["workloadIdentityPoolId"]);
  });
});

describe("identities of a pool", () => {
  const resource = serviceAccountName(PROJECT, EMAIL);
  const role = "roles/iam.workloadIdentityUser";
  const may = (member: string, permission = "iam.serviceAccounts.getAccessToken") =>
    cloud.iam.decide({ member, permission, resource }).allowed;

  beforeAll(() => {
    cloud.iam.addAccount({ email: EMAIL, uniqueId: "1", project: PROJECT });
  });

  test("are let in one by one, to the letter", () => {
    const member = `principal://${IN_POOL}/subject/repo:Org/Repo:environment:prod`;
    cloud.iam.grant(resource, { role, member });
    expect(cloud.iam.bindings(resource)).toEqual([{ role, member }]);
    expect([may(member), may(member.replace("Org", "org")), may(`${member}2`)]).toEqual([true, false, false]);
    cloud.iam.revoke(resource, { role, member });
    expect(may(member)).toBe(false);
  });

  test("are not among all authenticated users", () => {
    const member = `principal://${IN_POOL}/subject/x`;
    const everyone = { role, member: "allAuthenticatedUsers" };
    cloud.iam.grant(resource, everyone);
    expect([may(member), may("user:someone@example.com")]).toEqual([false, true]);
    cloud.iam.revoke(resource, everyone);
  });

  test.each([`${IN_POOL}/attribute.environment/prod`, `${IN_POOL}/group/g`, `${IN_POOL}/*`])(
    "are kept in sets: %s",
    (set) => {
      cloud.iam.grant(resource, { role, member: `principalSet://${set}` });
      expect(cloud.iam.bindings(resource)).toContainEqual({ role, member: `principalSet://${set}` });
    },
  );

  test.each([`${IN_POOL}/other/x`, "goog/group/x@example.com", IN_POOL.replace("123456789012", PROJECT)])(
    "are refused by name when they are of another kind: %s",
    (set) => {
      const grant = () => {
        cloud.iam.grant(resource, { role, member: `principalSet://${set}` });
      };
      expect(grant).toThrow("The sandbox does not model members like");
    },
  );
});
