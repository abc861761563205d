import type { Clock } from "../clock";
import { CloudError } from "../errors";
import { describe, projectOf, serviceAccountName } from "../names";
import { type Account, Accounts, type KeptAccounts } from "./accounts";
import { barred } from "./barred";
import { decide, type Decision } from "./decide";
import { isGrantable } from "./grantable";
import { memberText, parseMember } from "./members";
import { type Entry, type KeptPolicy, type Key, Policies } from "./policies";
import { PERMISSIONS, ROLES } from "./roles";

export interface Binding {
  role: string;
  member: string;
}

export interface IamOptions {
  clock: Clock;
  /** Milliseconds until one written change takes effect; asked once per change. */
  delay: () => number;
}

/** All that IAM knows, to be kept and loaded again. */
export interface KeptIam {
  policies: KeptPolicy[];
  accounts: KeptAccounts;
  /** Permissions by the name of the role. */
  customRoles: Record<string, readonly string[]>;
}

/** Who may do what: the policies of all resources, the accounts that they name, the roles that they give. */
export class Iam {
  readonly #clock: Clock;
  readonly #delay: () => number;
  readonly #policies = new Policies();
  readonly #accounts = new Accounts();
  readonly #customRoles = new Map<string, ReadonlySet<string>>();

  constructor(options: IamOptions) {
    this.#clock = options.clock;
    this.#delay = options.delay;
  }

  /** Adds to a policy. Adding what is there already changes nothing, and does not spread again. */
  grant(resource: string, binding: Binding): void {
    this.#requireModelled(resource, binding);
    const key = this.#key(binding.role, binding.member);
    this.#refuseNamesake(resource, key);
    this.#write(resource, key, true);
  }

  /** Takes from a policy. `deleted:serviceAccount:…?uid=…` takes away what a deleted account has left behind. */
  revoke(resource: string, binding: Binding): void {
    projectOf(resource);
    const { role } = binding;
    const deleted = /^deleted:(serviceAccount:[^?]+)\?uid=(\d+)$/.exec(binding.member);
    if (deleted !== null) {
      this.#write(
        resource,
        { role, member: memberText(parseMember(deleted[1] ?? "")), uid: deleted[2] },
        false,
      );
      return;
    }
    const member = parseMember(binding.member);
    const uid = member.kind === "serviceAccount" ? this.account(member.value)?.uniqueId : undefined;
    this.#write(resource, { role, member: memberText(member), uid }, false);
  }

  /** The resources whose policies say anything, in effect or not yet. */
  resources(): string[] {
    return this.#policies.resources();
  }

  /** What the policy says, in effect or not yet. */
  bindings(resource: string): Binding[] {
    return this.#policies.written(resource).map((entry) => ({
      role: entry.role,
      member: this.#isDeleted(entry) ? deletedMember(entry) : entry.member,
    }));
  }

  etag(resource: string): string {
    const version = this.#policies.version(resource);
    // What Google answers for a resource whose policy was never written.
    if (version === 0) return "ACAB";
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(0x0706_0000_0000_0000n + BigInt(version));
    return bytes.toString("base64");
  }

  /** As things stand at clock.now(), or will stand at the time `at` if nothing else is written. */
  decide(q: { member: string; permission: string; resource: string; at?: number }): Decision {
    this.#requirePermission(q.permission);
    const member = parseMember(q.member);
    const at = q.at ?? this.#clock.now();
    const account = member.kind === "serviceAccount" ? member.value : undefined;
    return decide(
      { member, permission: q.permission, resource: q.resource },
      {
        hindrance: account === undefined ? undefined : this.#accounts.hindrance(account),
        uid: account === undefined ? undefined : this.account(account)?.uniqueId,
        effective: (resource) => this.#policies.effective(resource, at),
        spreading: (resource) => this.#policies.spreading(resource, at),
        holds: (role, permission) => this.#permissions(role)?.has(permission) ?? false,
        due: (entry) => new Date(entry.changes.at(-1)?.effectiveAt ?? at).toISOString(),
      },
    );
  }

  /** Makes or changes a custom role, such as projects/p/roles/x. Unlike bindings it is in effect at once. */
  defineRole(name: string, permissions: readonly string[]): void {
    for (const permission of permissions) this.#requirePermission(permission);
    this.#customRoles.set(name, new Set(permissions));
  }

  /** The bindings of the role stay, and give nothing any more. */
  undefineRole(name: string): void {
    this.#customRoles.delete(name);
  }

  addAccount(account: Account): void {
    this.#accounts.put(account);
  }

  /** The policies that name the account keep doing so, under its unique id; its own policy goes with it. */
  removeAccount(email: string): void {
    const account = this.#accounts.remove(email);
    if (account !== undefined) this.forget(serviceAccountName(account.project, account.email));
  }

  account(email: string): Account | undefined {
    return this.#accounts.get(email);
  }

  kept(): KeptIam {
    const roles = [...this.#customRoles].map(([role, permissions]) => [role, [...permissions]] as const);
    return {
      policies: this.#policies.kept(),
      accounts: this.#accounts.kept(),
      customRoles: Object.fromEntries(roles),
    };
  }

  load({ policies, accounts, customRoles }: KeptIam): void {
    for (const [role, permissions] of Object.entries(customRoles)) this.defineRole(role, permissions);
    this.#accounts.load(accounts);
    for (const policy of policies) this.#policies.load(policy);
  }

  /** The resource is gone, and its policy with it. */
  forget(resource: string): void {
    this.#policies.forget(resource);
  }

  #write(resource: string, key: Key, present: boolean): void {
    this.#policies.write(resource, key, present, this.#clock.now(), this.#delay);
  }

  #key(role: string, text: string): Key {
    const member = parseMember(text);
    if (member.kind !== "serviceAccount") return { role, member: memberText(member) };
    const account = this.account(member.value);
    if (account === undefined) {
      throw new CloudError("INVALID_ARGUMENT", `Service account ${member.value} does not exist.`);
    }
    return { role, member: memberText(member), uid: account.uniqueId };
  }

  #requireModelled(resource: string, binding: Binding): void {
    projectOf(resource);
    if ("condition" in binding && binding.condition !== undefined) {
      throw new CloudError(
        "UNIMPLEMENTED",
        `The sandbox does not model IAM conditions; ${binding.role} for ${binding.member} on the ${describe(resource)} has one.`,
      );
    }
    this.#requireGrantable(resource, binding.role);
    const why = barred(binding.member, resource);
    if (why !== undefined) throw new CloudError("INVALID_ARGUMENT", why);
  }

  /** The words: github.com/hashicorp/terraform/issues/25623, github.com/hashicorp/terraform-provider-google/issues/993 */
  #requireGrantable(resource: string, role: string): void {
    const permissions = this.#permissions(role);
    const owner = /^projects\/([^/]+)\/roles\//.exec(role)?.[1];
    if (permissions === undefined && owner === undefined) {
      throw new CloudError(
        "UNIMPLEMENTED",
        `The sandbox does not know the role ${role}. If Google does not either, it is not supported for this resource.`,
      );
    }
    // A custom role is one of its own project: cloud.google.com/iam/docs/roles-overview
    if (permissions === undefined || (owner !== undefined && owner !== projectOf(resource))) {
      throw new CloudError("INVALID_ARGUMENT", `Role (${role}) does not exist in the resource's hierarchy.`);
    }
    if (isGrantable(permissions, resource)) return;
    throw new CloudError("INVALID_ARGUMENT", `Role ${role} is not supported for this resource.`);
  }

  /**
   * Google refuses a grant to an account while the policy names a deleted one of the same e-mail.
   * github.com/hashicorp/terraform-provider-google, website/docs/guides/iam_deleted_members
   */
  #refuseNamesake(resource: string, key: Key): void {
    const namesake = this.#policies
      .written(resource)
      .find((entry) => entry.member === key.member && entry.uid !== key.uid && this.#isDeleted(entry));
    if (namesake === undefined) return;
    throw new CloudError(
      "INVALID_ARGUMENT",
      `The policy of the ${describe(resource)} still names ${deletedMember(namesake)}. Remove that member before ${key.member} gets ${key.role}.`,
    );
  }

  #isDeleted(entry: Entry): boolean {
    if (entry.uid === undefined) return false;
    return this.account(entry.member.slice("serviceAccount:".length))?.uniqueId !== entry.uid;
  }

  #permissions(role: string): ReadonlySet<string> | undefined {
    return ROLES.get(role) ?? this.#customRoles.get(role);
  }

  #requirePermission(permission: string): void {
    if (PERMISSIONS.has(permission)) return;
    throw new CloudError("UNIMPLEMENTED", `The sandbox does not know the permission "${permission}".`);
  }
}

function deletedMember(entry: Entry): string {
  return `deleted:${entry.member}?uid=${entry.uid ?? ""}`;
}
