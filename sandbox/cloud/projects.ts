import { createHash } from "node:crypto";
import { type Agent, AGENTS, type ProjectKind } from "./agents";
import { CloudError } from "./errors";
import type { Iam } from "./iam/iam";
import { ROLES } from "./iam/roles";
import { agentEmail, defaultComputeAccount, projectName } from "./names";

export type { ProjectKind };

export interface ProjectSpec {
  id: string;
  number: string;
  /** Default "default". */
  kind?: ProjectKind;
  /** Enabled from the start. Default "all". */
  apis?: "all" | readonly string[];
  /** Organisation policies that are enforced there: "run.managed.requireInvokerIam", and no other is modelled. Default: none. */
  orgPolicies?: readonly string[];
}

export interface Project {
  id: string;
  number: string;
  kind: ProjectKind;
  orgPolicies?: readonly string[];
}

const OWNER = "user:owner@example.com";

const ORG_POLICIES: readonly string[] = ["run.managed.requireInvokerIam"];

/** The projects of the cloud, each as Google makes it or hardened. */
export class Projects {
  readonly #iam: Iam;
  readonly #byId = new Map<string, Project>();

  constructor(specs: readonly ProjectSpec[], iam: Iam) {
    this.#iam = iam;
    for (const spec of specs) this.add(spec);
  }

  add({ id, number, kind = "default", orgPolicies }: ProjectSpec): void {
    const unknown = orgPolicies?.find((policy) => !ORG_POLICIES.includes(policy));
    if (unknown !== undefined) {
      throw new CloudError(
        "UNIMPLEMENTED",
        `The sandbox does not model the organisation policy "${unknown}" of project ${id}, only ${ORG_POLICIES.join(", ")}.`,
      );
    }
    const project = { id, number, kind, ...(orgPolicies && { orgPolicies }) };
    this.#put(project);
    this.#addAccount(project, defaultComputeAccount(number));
    if (kind === "default") this.#setUpDefault(project);
    else this.#setUpHardened(project);
  }

  /** Takes projects as they were kept; what IAM knows of them is kept there. */
  load(projects: readonly Project[]): void {
    for (const project of projects) this.#put(project);
  }

  list(): Project[] {
    return [...this.#byId.values()];
  }

  /** By its id or its number. */
  get(idOrNumber: string): Project | undefined {
    return this.#byId.get(idOrNumber) ?? this.list().find((project) => project.number === idOrNumber);
  }

  require(idOrNumber: string): Project {
    const project = this.get(idOrNumber);
    if (project !== undefined) return project;
    const known = [...this.#byId.keys()].join(", ");
    throw new CloudError(
      "NOT_FOUND",
      `Project "${idOrNumber}" does not exist. The projects of this sandbox are: ${known}.`,
    );
  }

  /** Who runs Pulumi there, as an IAM member. */
  deployer(idOrNumber: string): string {
    const project = this.require(idOrNumber);
    return project.kind === "default" ? OWNER : `serviceAccount:${deployerEmail(project)}`;
  }

  /**
   * Creates the service agent of an API if need be (`generateServiceIdentity`). It gets no role by that, not even its
   * usual one: docs.cloud.google.com/iam/docs/create-service-agents
   */
  createServiceIdentity(idOrNumber: string, api: string): { email: string; member: string } {
    const project = this.require(idOrNumber);
    const agent = AGENTS.find((known) => known.api === api);
    if (agent === undefined) {
      const known = AGENTS.map((each) => each.api).join(", ");
      throw new CloudError(
        "UNIMPLEMENTED",
        `The sandbox knows no service agent of ${api}, only those of ${known}.`,
      );
    }
    const email = this.#createAgent(project, agent);
    return { email, member: `serviceAccount:${email}` };
  }

  /** What enabling an API brings along: its agent, and in projects as Google makes them the agent's usual role. */
  welcome(idOrNumber: string, api: string): void {
    const project = this.require(idOrNumber);
    const agent = AGENTS.find((known) => known.api === api);
    if (agent?.comesWithApi.includes(project.kind) !== true) return;
    const isNew = this.#iam.account(agentEmail(agent.kind, project.number)) === undefined;
    const email = this.#createAgent(project, agent);
    // Only once: whoever took the role away later does not get it back by enabling the API again.
    if (!isNew || project.kind !== "default" || agent.usualRole === undefined) return;
    this.#iam.grant(projectName(project.id), { role: agent.usualRole, member: `serviceAccount:${email}` });
  }

  #put(project: Project): void {
    if (this.get(project.id) !== undefined || this.get(project.number) !== undefined) {
      throw new CloudError("ALREADY_EXISTS", `Project ${project.id} (${project.number}) is given twice.`);
    }
    if (!/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/.test(project.id)) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `"${project.id}" is not a project's id: it has 6 to 30 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen.`,
      );
    }
    if (!/^[1-9]\d*$/.test(project.number)) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `"${project.number}" is not the number of project ${project.id}: it has digits only, and the first is not 0.`,
      );
    }
    this.#byId.set(project.id, project);
  }

  #setUpDefault(project: Project): void {
    this.#iam.grant(projectName(project.id), { role: "roles/owner", member: OWNER });
    // Outside of organisations made since 2024-05-03: cloud.google.com/resource-manager/docs/secure-by-default-organizations
    const member = `serviceAccount:${defaultComputeAccount(project.number)}`;
    this.#iam.grant(projectName(project.id), { role: "roles/editor", member });
  }

  /** Its deployer may do what an owner may, except to act as the accounts that it attaches. */
  #setUpHardened(project: Project): void {
    const email = deployerEmail(project);
    const role = `projects/${project.id}/roles/sandbox.deployer`;
    const owners = [...(ROLES.get("roles/owner") ?? [])];
    this.#addAccount(project, email);
    this.#iam.defineRole(
      role,
      owners.filter((permission) => permission !== "iam.serviceAccounts.actAs"),
    );
    this.#iam.grant(projectName(project.id), { role, member: `serviceAccount:${email}` });
  }

  #createAgent(project: Project, agent: Agent): string {
    const email = agentEmail(agent.kind, project.number);
    if (this.#iam.account(email) === undefined) this.#addAccount(project, email, true);
    return email;
  }

  #addAccount(project: Project, email: string, agent = false): void {
    this.#iam.addAccount({ email, uniqueId: uniqueIdOf(email), project: project.id, agent });
  }
}

function deployerEmail(project: Project): string {
  return `deployer@${project.id}.iam.gserviceaccount.com`;
}

/** Accounts that nobody creates twice may have the same id in every run. Google's have 21 digits. */
function uniqueIdOf(email: string): string {
  const hash = BigInt(`0x${createHash("sha256").update(email).digest("hex")}`);
  return `1${(hash % 10n ** 20n).toString().padStart(20, "0")}`;
}
