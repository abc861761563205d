import type { Diff } from "../../cloud/resources/diff";
import type { Provider } from "../../cloud/resources/provider";
import type { Props } from "../../cloud/resources/values";
import { inheritedAliases } from "./inheritance";
import { keepIgnored, replacedBy } from "./options";
import type { Providers } from "./providers";
import { isProviderType } from "./providers";
import type { DeployedResource } from "./state";
import { StackState } from "./state";

/** One thing that a deployment does, or in a preview would do. */
export interface Step {
  readonly op: "create" | "import" | "update" | "replace" | "delete" | "same";
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly diff?: Diff;
}

/** A resource as the program declares it. */
export type Declared = Omit<DeployedResource, "id" | "outputs"> & {
  readonly replaceOnChanges: readonly string[];
  /** What exists already and is to be taken over, rather than made. */
  readonly importId?: string;
};

/** A resource as the program gets it back. */
export interface Registered {
  readonly urn: string;
  readonly id: string | undefined;
  readonly outputs: Props;
}

/**
 * What Pulumi's engine does with each resource that a program declares: finds what it was before, compares, and
 * creates, changes or replaces it; and in the end deletes what is declared no more. The last one to go is the first
 * that came.
 */
export class Deployment {
  readonly steps: Step[] = [];
  readonly state = new StackState();
  readonly #replaced: DeployedResource[] = [];
  readonly #taken = new Map<string, string>();
  readonly #former = new Map<string, string>();
  readonly #done = new Set<string>();
  readonly #deleted = new Set<DeployedResource>();

  constructor(
    private readonly before: StackState,
    private readonly providers: Providers,
    private readonly preview: boolean,
  ) {}

  async register(declared: Declared): Promise<Registered> {
    if (this.state.get(declared.urn) !== undefined) {
      throw new Error(`Duplicate resource URN '${declared.urn}'; try giving it a unique name`);
    }
    // Its place is taken before anything is awaited: two of one name must not both get past the line above.
    this.state.put({ ...declared, outputs: {} });
    const old = this.#takeOld(declared);
    if (!declared.custom)
      return this.#finish({ ...declared, outputs: {} }, old === undefined ? "create" : "same");
    if (isProviderType(declared.type)) return this.#registerProvider(declared, old);
    return this.#registerCustom(declared, old);
  }

  /** Deletes what the program declares no more, and what was replaced. */
  async finish(): Promise<void> {
    const gone = this.before.list().filter(({ urn }) => !this.#taken.has(urn));
    const stuck = gone.find(({ protect }) => protect);
    if (stuck !== undefined) throw protectedError(stuck);
    for (const resource of [...this.before.doomed, ...this.#replaced].reverse()) {
      await this.#deleteFromCloud(resource);
      this.#deleted.add(resource);
    }
    for (const resource of gone.reverse()) {
      await this.#deleteFromCloud(resource);
      this.#deleted.add(resource);
      const { urn, type, name } = resource;
      this.steps.push({ op: "delete", urn, type, name });
    }
  }

  /** What there is after this deployment, however far it came: nothing that exists is forgotten. */
  leftBehind(): StackState {
    const finished = this.state.list().filter(({ urn }) => this.#done.has(urn));
    const untouched = this.before.list().filter((old) => {
      const now = this.#taken.get(old.urn);
      return !this.#deleted.has(old) && (now === undefined || !this.#done.has(now));
    });
    const doomed = [...this.before.doomed, ...this.#replaced].filter((old) => !this.#deleted.has(old));
    return new StackState([...untouched, ...finished], doomed);
  }

  async #registerCustom(declared: Declared, old: DeployedResource | undefined): Promise<Registered> {
    const provider = this.providers.of(declared.type, declared.provider ?? "");
    if (old?.id === undefined && declared.importId !== undefined) {
      return this.#import(provider, declared, declared.importId);
    }
    const inputs = checkedInputs(provider, declared, old?.inputs, declared.urn);
    const wanted = { ...declared, inputs };
    if (old?.id === undefined) return this.#create(provider, wanted);

    const diff = replacedBy(
      provider.diff(declared.type, {
        id: old.id,
        oldInputs: old.inputs,
        oldOutputs: old.outputs,
        news: inputs,
      }),
      declared.replaceOnChanges,
    );
    if (!diff.changes) return this.#finish({ ...wanted, id: old.id, outputs: old.outputs }, "same");
    if (diff.replaces.length > 0) return this.#replace(provider, declared, old, diff);
    const { outputs } = await provider.update(declared.type, {
      id: old.id,
      oldOutputs: old.outputs,
      news: inputs,
      preview: this.preview,
    });
    return this.#finish({ ...wanted, id: old.id, outputs }, "update", diff);
  }

  async #create(provider: Provider, wanted: Declared): Promise<Registered> {
    const made = await provider.create(wanted.type, { inputs: wanted.inputs, preview: this.preview });
    return this.#finish({ ...wanted, ...made }, "create");
  }

  /** Takes over what exists, if it is what the program declares: an import never changes anything. */
  async #import(provider: Provider, declared: Declared, id: string): Promise<Registered> {
    const found = await provider.read(declared.type, { id });
    if (found === undefined) throw new Error(`there is no resource with id ${id} to import`);
    const news = checkedInputs(provider, declared, found.inputs, declared.urn);
    const diff = provider.diff(declared.type, {
      id: found.id,
      oldInputs: found.inputs,
      oldOutputs: found.outputs,
      news,
    });
    if (diff.changes) {
      throw new Error(
        `inputs to import do not match the existing resource ${id}: ${Object.keys(diff.detailed).join(", ")}`,
      );
    }
    return this.#finish({ ...declared, inputs: news, id: found.id, outputs: found.outputs }, "import");
  }

  async #replace(
    provider: Provider,
    declared: Declared,
    old: DeployedResource,
    diff: Diff,
  ): Promise<Registered> {
    if (old.protect) throw protectedError(old);
    // The new one stands beside the old for a while, so it needs a name of its own.
    const inputs = checkedInputs(provider, declared, undefined, `${declared.urn}#${old.id ?? ""}`);
    const wanted = { ...declared, inputs };
    const deleteFirst = wanted.deleteBeforeReplace || diff.deleteBeforeReplace;
    if (deleteFirst) {
      await this.#deleteFromCloud(old);
      this.#deleted.add(old);
    }
    const made = await provider.create(wanted.type, { inputs: wanted.inputs, preview: this.preview });
    if (!deleteFirst) this.#replaced.push(old);
    return this.#finish({ ...wanted, ...made }, "replace", diff);
  }

  #registerProvider(declared: Declared, old: DeployedResource | undefined): Registered {
    const id = old?.id ?? `provider-${declared.name}`;
    this.providers.declare(declared.type, `${declared.urn}::${id}`, declared.inputs);
    return this.#finish({ ...declared, id, outputs: declared.inputs }, old === undefined ? "create" : "same");
  }

  #finish(resource: Declared & { id?: string; outputs: Props }, op: Step["op"], diff?: Diff): Registered {
    this.state.put(resource);
    const { urn, type, name, id, outputs } = resource;
    this.#done.add(urn);
    this.steps.push({ op, urn, type, name, ...(diff && { diff }) });
    return { urn, id, outputs };
  }

  /** The resource that this one was in the last deployment: of the same name, or of a name that it says it had. */
  #takeOld(declared: Declared): DeployedResource | undefined {
    const inherited = inheritedAliases(declared, this.#former.get(declared.parent ?? ""));
    for (const urn of [declared.urn, ...declared.aliases, ...inherited]) {
      const old = this.before.get(urn);
      if (old === undefined || this.#taken.has(urn)) continue;
      this.#taken.set(urn, declared.urn);
      this.#former.set(declared.urn, urn);
      return old;
    }
    return undefined;
  }

  async #deleteFromCloud({ type, id, outputs, provider, retainOnDelete }: DeployedResource): Promise<void> {
    if (this.preview || retainOnDelete || id === undefined || isProviderType(type)) return;
    await this.providers.of(type, provider ?? "").delete(type, { id, outputs });
  }
}

function checkedInputs(provider: Provider, declared: Declared, olds: Props | undefined, seed: string): Props {
  const news =
    olds === undefined ? declared.inputs : keepIgnored(declared.inputs, olds, declared.ignoreChanges);
  const { inputs, failures } = provider.check(declared.type, {
    name: declared.name,
    news,
    olds,
    seed,
  });
  if (failures.length === 0) return inputs;
  throw new Error(failures.map(({ reason }) => reason).join("\n"));
}

function protectedError({ urn }: DeployedResource): Error {
  return new Error(
    `resource "${urn}" cannot be deleted: it is protected. Take \`protect\` off it first, and deploy.`,
  );
}
