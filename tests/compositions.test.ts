import fc from "fast-check";
import { serviceAccountName } from "../sandbox/cloud/names";
import { EnvoyFront } from "../sandbox/ingress/envoy/envoy-front";
import { IstioFront } from "../sandbox/ingress/istio/istio-front";
import { Provider } from "../sandbox/cloud/resources/provider";
import type { ProjectKind } from "../sandbox/cloud/projects";
import { trustGraph } from "../trust/graph";
import { programOf, WORKLOAD } from "./support/composed-program";
import type { Doors, Surroundings } from "./support/composed-program";
import { compositions, isTold, knownTo } from "./support/compositions";
import type { Composition } from "./support/compositions";
import { label } from "./support/graph";
import { Live } from "./support/live";
import type { Application } from "./support/live";
import { DEPLOYER, PROJECT, TestStack } from "./support/stack";
import type { Deployed } from "./support/stack";

const RUNS = Number(process.env.COMPOSITIONS ?? 100);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** What Google takes as a name. */
const LEGAL: Readonly<Record<string, readonly [property: string, pattern: RegExp]>> = {
  "gcp:serviceaccount/account:Account": ["accountId", /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/],
  "gcp:cloudrunv2/service:Service": ["name", /^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$/],
  "gcp:cloudfunctionsv2/function:Function": ["name", /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/],
  "gcp:cloudfunctions/function:Function": ["name", /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/],
  "gcp:cloudscheduler/job:Job": ["name", /^[A-Za-z0-9_-]{1,500}$/],
  "gcp:cloudtasks/queue:Queue": ["name", /^[A-Za-z0-9-]{1,100}$/],
  // The first label: https://cloud.google.com/endpoints/docs/openapi/naming-your-api-service
  "gcp:endpoints/service:Service": [
    "serviceName",
    /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?\.endpoints\.my-project\.cloud\.goog$/,
  ],
  "gcp:apigateway/api:Api": ["apiId", /^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$/],
  "gcp:apigateway/apiConfig:ApiConfig": ["apiConfigId", /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/],
  "gcp:apigateway/gateway:Gateway": ["gatewayId", /^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$/],
  "gcp:pubsub/topic:Topic": ["name", /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/],
  "gcp:pubsub/subscription:Subscription": ["name", /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/],
  "gcp:storage/bucket:Bucket": ["name", /^(?!goog)(?!.*google)[a-z0-9][-a-z0-9]{1,61}[a-z0-9]$/],
  "gcp:artifactregistry/repository:Repository": ["repositoryId", /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/],
  "gcp:projects/iAMCustomRole:IAMCustomRole": ["roleId", /^[A-Za-z0-9_.]{3,64}$/],
};

/** One project of each kind, in which compositions come and go. */
const places = Object.fromEntries(
  (["default", "hardened"] as const).map((kind) => [kind, place(kind)]),
) as Record<ProjectKind, { stack: TestStack; around: Surroundings }>;

function place(kind: ProjectKind): { stack: TestStack; around: Surroundings } {
  const stack = new TestStack({ kind });
  const accounts = ["existing-1", "existing-2", "runtime"].map(
    (id) => `${id}@${PROJECT.id}.iam.gserviceaccount.com`,
  );
  for (const [i, email] of accounts.entries()) {
    stack.cloud.iam.addAccount({ email, uniqueId: `10000000000000000000${i}`, project: PROJECT.id });
  }
  const [runtime = ""] = accounts.slice(2);
  if (kind === "hardened") {
    const binding = { role: "roles/iam.serviceAccountUser", member: DEPLOYER };
    stack.cloud.iam.grant(serviceAccountName(PROJECT.id, runtime), binding);
    stack.cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
  }
  const deployers: Record<string, string> = kind === "hardened" ? { pipeline: DEPLOYER } : {};
  return { stack, around: { existing: accounts.slice(0, 2), runtime, deployers } };
}

test(
  "whatever is composed: every edge gets in, nobody else does, names are legal and stay, nothing else changes",
  async () => {
    process.stdout.write(`${RUNS} compositions, the same again with SEED=${SEED}\n`);
    const kinds = fc.constantFrom<ProjectKind>("default", "hardened");
    const property = fc.asyncProperty(kinds, compositions, check);
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
  },
  120_000 + RUNS * 3_000,
);

async function check(kind: ProjectKind, composition: Composition): Promise<void> {
  const { stack, around } = places[kind];
  try {
    const deployed = await stack.up(programOf(composition, around));
    checkNames(deployed);
    await checkDoors(stack, composition, deployed);
    const beside = await stack.preview(programOf(composition, around, true));
    expect(beside.changes().filter((change) => !/^create \w+ unrelated/.test(change))).toEqual([]);
  } finally {
    await stack.destroy();
  }
  expect(Provider.tokens.flatMap((token) => stack.cloud.store.list(token))).toEqual([]);
}

function checkNames({ resources }: Deployed): void {
  for (const resource of resources) {
    const [property = "", pattern = /^/] = LEGAL[resource.type] ?? [];
    expect([label(resource), String(resource.inputs[property])]).toEqual([
      label(resource),
      expect.stringMatching(pattern),
    ]);
  }
  const bindings = resources.filter(({ type }) => /I[aA][mM]Member$/.test(type)).map(({ id }) => id);
  expect(new Set(bindings).size).toBe(bindings.length);
}

async function checkDoors(stack: TestStack, composition: Composition, deployed: Deployed): Promise<void> {
  const { edges, targets } = composition;
  const doors = deployed.outputs as unknown as Doors;
  const live = new Live(stack, deployed.resources, applicationsOf(composition, doors));

  const expected = edges.map(({ name, caller }) => [name, `200 ${doors.callers[caller] ?? ""}`] as const);
  expect(await live.fireOnce()).toEqual(expect.objectContaining(Object.fromEntries(expected)));
  for (const [t, { url, audience }] of doors.targets.entries()) {
    const known = knownTo(composition, t);
    for (const [c, caller] of doors.callers.entries()) {
      expect(await live.call(url, caller, audience)).toBe(known.includes(c) ? `200 ${caller}` : "403");
    }
  }
  const graph = trustGraph(deployed.resources);
  const granted = edges.map(
    ({ name, target }) => [name, !isTold(targets[target]?.kind ?? "service")] as const,
  );
  expect(graph.edges.map((edge) => [edge.source.name, edge.granted]).sort()).toEqual([...granted].sort());
}

/** The applications of a composition that are not Google's to guard: each is told whom to let in, or has a front that is. */
function applicationsOf(composition: Composition, { targets, callers }: Doors): Application[] {
  return composition.targets.flatMap(({ kind }, t): Application[] => {
    const { url = "", audience = "", document } = targets[t] ?? {};
    const known = knownTo(composition, t);
    const { host } = new URL(url);
    if (kind === "mesh") return [{ host, front: new IstioFront(WORKLOAD, document) }];
    if (kind === "envoy") return [{ host, front: new EnvoyFront(document) }];
    const allowedCallers = callers.filter((_, c) => known.includes(c));
    return kind === "application" ? [{ host, audience, allowedCallers }] : [];
  });
}
