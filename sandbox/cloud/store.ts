export interface StoredResource<S = Record<string, unknown>> {
  token: string;
  id: string;
  fullName: string;
  project: string;
  /** The outputs as `@pulumi/gcp` names them. */
  state: S;
  /** Private to the kind of resource. */
  data?: unknown;
}

export interface Change {
  op: "put" | "remove";
  resource: StoredResource;
}

/** All resources of the cloud, in the order in which they were first put. */
export class Store {
  readonly #byToken = new Map<string, Map<string, StoredResource>>();
  readonly #listeners = new Set<(change: Change) => void>();

  put(resource: StoredResource): void {
    const byId = this.#byToken.get(resource.token) ?? new Map<string, StoredResource>();
    this.#byToken.set(resource.token, byId.set(resource.id, resource));
    this.#tell({ op: "put", resource });
  }

  get<S = Record<string, unknown>>(token: string, id: string): StoredResource<S> | undefined {
    return this.#byToken.get(token)?.get(id) as StoredResource<S> | undefined;
  }

  list<S = Record<string, unknown>>(token: string): StoredResource<S>[] {
    return [...(this.#byToken.get(token)?.values() ?? [])] as StoredResource<S>[];
  }

  /** Every resource, kind by kind. */
  all(): StoredResource[] {
    return [...this.#byToken.values()].flatMap((byId) => [...byId.values()]);
  }

  remove(token: string, id: string): void {
    const resource = this.get(token, id);
    if (resource === undefined) return;
    this.#byToken.get(token)?.delete(id);
    this.#tell({ op: "remove", resource });
  }

  get size(): number {
    let size = 0;
    for (const byId of this.#byToken.values()) size += byId.size;
    return size;
  }

  /** Returns what ends the listening. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
