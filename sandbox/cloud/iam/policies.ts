interface Change {
  present: boolean;
  /** When the change takes effect, in milliseconds since 1970. */
  effectiveAt: number;
}

/** One role for one member on one resource. */
export interface Key {
  role: string;
  member: string;
  /** The unique id of the service account that was meant: a new account of the same e-mail is another member. */
  uid?: string;
}

/** A binding that is, was or will be in effect. */
export interface Entry extends Key {
  /** In the order of writing. The last one is what the policy says; the first one is in effect or all are pending. */
  changes: Change[];
}

/** The policy of one resource, to be kept and loaded again. */
export interface KeptPolicy {
  resource: string;
  version: number;
  entries: Entry[];
}

interface Policy {
  version: number;
  entries: Map<string, Entry>;
}

/**
 * The bindings of every resource, as written and as in effect: "typically 2 minutes, potentially 7 minutes or longer" lie
 * between the two. docs.cloud.google.com/iam/docs/access-change-propagation
 *
 * Each change spreads on its own, so a later one may arrive first. What counts is the last one written among those that
 * have arrived: an overtaken change never comes back, and in the end the policy is in effect as it is written.
 */
export class Policies {
  readonly #policies = new Map<string, Policy>();

  /** Does nothing if the policy says so already: then nothing spreads, and `delay` is not asked. */
  write(resource: string, key: Key, present: boolean, now: number, delay: () => number): void {
    const policy = this.#policies.get(resource) ?? { version: 0, entries: new Map<string, Entry>() };
    const id = idOf(key);
    const entry = policy.entries.get(id) ?? { ...key, changes: [] };
    if (written(entry) === present) return;
    entry.changes = [...inEffectOrPending(entry, now), { present, effectiveAt: now + delay() }];
    policy.entries.set(id, entry);
    policy.version++;
    this.#policies.set(resource, policy);
  }

  /** What the policy says, whether it is in effect or not. */
  written(resource: string): Entry[] {
    return this.#entries(resource).filter(written);
  }

  /** The resources on which anything is written. */
  resources(): string[] {
    return [...this.#policies.keys()].filter((resource) => this.written(resource).length > 0);
  }

  /** What counts at this moment. */
  effective(resource: string, now: number): Entry[] {
    return this.#entries(resource).filter((entry) => effective(entry, now));
  }

  /** Written, but not yet in effect. */
  spreading(resource: string, now: number): Entry[] {
    return this.written(resource).filter((entry) => !effective(entry, now));
  }

  /** How often the policy was changed. */
  version(resource: string): number {
    return this.#policies.get(resource)?.version ?? 0;
  }

  kept(): KeptPolicy[] {
    return [...this.#policies].map(([resource, { version }]) => ({
      resource,
      version,
      entries: this.#entries(resource),
    }));
  }

  load({ resource, version, entries }: KeptPolicy): void {
    this.#policies.set(resource, { version, entries: new Map(entries.map((entry) => [idOf(entry), entry])) });
  }

  forget(resource: string): void {
    this.#policies.delete(resource);
  }

  #entries(resource: string): Entry[] {
    return [...(this.#policies.get(resource)?.entries.values() ?? [])];
  }
}

function idOf({ role, member, uid = "" }: Key): string {
  return [role, member, uid].join(" ");
}

function written(entry: Entry): boolean {
  return entry.changes.at(-1)?.present ?? false;
}

function effective(entry: Entry, now: number): boolean {
  return entry.changes.findLast((change) => change.effectiveAt <= now)?.present ?? false;
}

/** Drops what was overtaken, so that a binding that comes and goes for ever does not grow for ever. */
function inEffectOrPending(entry: Entry, now: number): Change[] {
  const current = entry.changes.findLastIndex((change) => change.effectiveAt <= now);
  return entry.changes.slice(Math.max(current, 0));
}
