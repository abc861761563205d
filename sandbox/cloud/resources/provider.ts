import type { Cloud } from "../cloud";
import { CloudError } from "../errors";
import { autoName, looksAutoNamed } from "./autonaming";
import { failure, failuresOf } from "./checking";
import { diffOf, type Diff } from "./diff";
import { getProject } from "./get-project";
import type { Context, Current, Failure, Kind, Made, ProviderConfig } from "./kind";
import { kindOf, tokens } from "./kinds";
import { outputsOf, withDefaults, withKept } from "./outputs";
import { compact, isProps, restrictedTo, UNKNOWN, valueAt, withValue, type Props } from "./values";

export type { Diff } from "./diff";
export type { Failure, ProviderConfig } from "./kind";

/** What the provider keeps beside the state: the inputs that led to it, and what the kind remembers for itself. */
interface Kept {
  inputs: Props;
  own?: unknown;
}

const INVOKES: Readonly<Partial<Record<string, (cx: Context, args: Props) => Props>>> = {
  "gcp:organizations/getProject:getProject": getProject,
};

/** What the real resource providers (gcp, random) do, over plain objects and on the embedded cloud. */
export class Provider {
  static readonly tokens: readonly string[] = tokens;
  readonly #cx: Context;

  constructor(cloud: Cloud, config: ProviderConfig) {
    this.#cx = { cloud, config };
  }

  check(
    token: string,
    q: { name: string; news: Props; olds?: Props; seed: string },
  ): { inputs: Props; failures: Failure[] } {
    const kind = kindOf(token);
    const subject = `${token} "${q.name}"`;
    const { inputs, failures } = this.#filledIn(kind, subject, q);
    failures.push(...failuresOf(subject, kind.schema(), inputs));
    for (const found of kind.rules?.(inputs) ?? []) {
      failures.push(failure(subject, found.property, found.reason));
    }
    return { inputs, failures };
  }

  diff(token: string, q: { id: string; oldInputs: Props; oldOutputs: Props; news: Props }): Diff {
    const kind = kindOf(token);
    let olds = compact(q.oldInputs) as Props;
    const news = compact(q.news) as Props;
    for (const path of kind.computed) {
      const saidOnlyNow = valueAt(olds, path) === undefined && valueAt(news, path) !== undefined;
      const before = saidOnlyNow ? valueAt(q.oldOutputs, path) : undefined;
      if (before !== undefined) olds = withValue(olds, path, before);
    }
    return diffOf(kind, olds, news);
  }

  async create(
    token: string,
    q: { inputs: Props; preview: boolean },
  ): Promise<{ id: string | undefined; outputs: Props }> {
    const kind = kindOf(token);
    if (q.preview) {
      const planned = kind.planned?.(q.inputs, this.#cx) ?? {};
      return {
        id: undefined,
        outputs: outputsOf(this.#cx, kind, q.inputs, (path) => planned[path] ?? UNKNOWN),
      };
    }
    const inputs = q.inputs as never;
    this.#requireApis(kind, q.inputs);
    const identity = kind.identify?.(this.#cx, inputs);
    const present = identity !== undefined && this.#cx.cloud.store.get(token, identity.id) !== undefined;
    if (present && kind.adopts?.(inputs) !== true) {
      throw new CloudError("ALREADY_EXISTS", `Resource '${identity.id}' (${token}) already exists.`);
    }
    const made = await kind.create(this.#cx, inputs, identity?.id ?? "");
    const id = identity?.id ?? made.id;
    if (id === undefined) throw new Error(`${token} was created without an id`);
    const outputs = outputsOf(this.#cx, kind, q.inputs, (path) => made.computed[path]);
    if (identity !== undefined) this.#keep(token, identity, outputs, { inputs: q.inputs, own: made.own });
    return { id, outputs };
  }

  read(token: string, q: { id: string }): Promise<{ id: string; inputs: Props; outputs: Props } | undefined> {
    const kind = kindOf(token);
    const stored = this.#cx.cloud.store.get(token, q.id);
    const found = kind.read?.(this.#cx, q.id);
    if (kind.read !== undefined ? found === undefined : stored === undefined)
      return Promise.resolve(undefined);
    if (stored === undefined) {
      const { inputs = {}, computed = {} } = found ?? {};
      const outputs = outputsOf(this.#cx, kind, inputs, (path) => computed[path]);
      return Promise.resolve({ id: found?.id ?? q.id, inputs, outputs });
    }
    const inputs = restrictedTo(keptOf(stored.data).inputs, stored.state) as Props;
    return Promise.resolve({ id: q.id, inputs, outputs: stored.state });
  }

  async update(
    token: string,
    q: { id: string; oldOutputs: Props; news: Props; preview: boolean },
  ): Promise<{ outputs: Props }> {
    const kind = kindOf(token);
    if (q.preview) {
      const planned = kind.planned?.(q.news, this.#cx) ?? {};
      const moves = new Set(kind.volatile ?? []);
      return {
        outputs: withKept(
          kind,
          outputsOf(
            this.#cx,
            kind,
            q.news,
            (path) => planned[path] ?? (moves.has(path) ? UNKNOWN : valueAt(q.oldOutputs, path)),
          ),
          q.oldOutputs,
        ),
      };
    }
    this.#requireApis(kind, q.news);
    const current = this.#current(kind, q.id, q.oldOutputs);
    const made: Made = (await kind.update?.(this.#cx, current as Current<never>, q.news as never)) ?? {
      computed: {},
    };
    const said = (path: string): unknown => made.computed[path] ?? valueAt(current.state, path);
    const outputs = withKept(kind, outputsOf(this.#cx, kind, q.news, said), current.state);
    if (current.stored !== undefined) {
      this.#keep(token, current.stored, outputs, { inputs: q.news, own: made.own ?? current.own });
    }
    return { outputs };
  }

  async delete(token: string, q: { id: string; outputs: Props }): Promise<void> {
    const kind = kindOf(token);
    const { store, iam } = this.#cx.cloud;
    // Gone already is deleted, as the real provider takes it.
    if (kind.identify !== undefined && store.get(token, q.id) === undefined) return;
    this.#requireApis(kind, q.outputs);
    const current = this.#current(kind, q.id, q.outputs);
    await kind.delete?.(this.#cx, current as Current<never>);
    if (current.stored === undefined) return;
    store.remove(token, q.id);
    iam.forget(current.stored.fullName);
  }

  invoke(token: string, q: { args: Props }): Promise<Props> {
    const invoke = INVOKES[token];
    if (invoke === undefined) {
      throw new CloudError("UNIMPLEMENTED", `function "${token}" is not modelled by the sandbox`);
    }
    return Promise.resolve(invoke(this.#cx, compact(q.args) as Props));
  }

  #filledIn(
    kind: Kind<never>,
    subject: string,
    q: { name: string; news: Props; olds?: Props; seed: string },
  ): { inputs: Props; failures: Failure[] } {
    const failures: Failure[] = [];
    const inputs = withDefaults(kind, compact(q.news) as Props);
    for (const [property, setting] of Object.entries(kind.fromProvider)) {
      if (setting === undefined || inputs[property] !== undefined) continue;
      inputs[property] = this.#cx.config[setting];
      if (inputs[property] !== undefined) continue;
      const remedy = `is required but missing: give the argument, or set the provider's configuration gcp:${setting}`;
      failures.push(failure(subject, property, remedy));
      inputs[property] = UNKNOWN;
    }
    const rule = kind.autoName;
    if (rule !== undefined && inputs[rule.property] === undefined) {
      const old = q.olds?.[rule.property];
      const named = looksAutoNamed(old) ? { name: old } : autoName(rule, q.name, q.seed);
      if ("name" in named) inputs[rule.property] = named.name;
      else failures.push(failure(subject, rule.property, named.tooLong));
    }
    return { inputs, failures };
  }

  #requireApis(kind: Kind<never>, props: Props): void {
    const project = props.project ?? this.#cx.config.project;
    if (typeof project !== "string") return;
    for (const api of kind.apis) this.#cx.cloud.apis.require(project, api);
  }

  #current(kind: Kind<never>, id: string, outputs: Props): Current {
    if (kind.identify === undefined) return { id, inputs: outputs, state: outputs };
    const stored = this.#cx.cloud.store.get(kind.token, id);
    if (stored === undefined) {
      throw new CloudError("NOT_FOUND", `Resource '${id}' (${kind.token}) was not found. Run a refresh.`);
    }
    const { inputs, own } = keptOf(stored.data);
    return { id, inputs, state: stored.state, own, stored };
  }

  #keep(
    token: string,
    at: { id: string; fullName: string; project: string },
    state: Props,
    data: Kept,
  ): void {
    this.#cx.cloud.store.put({ token, id: at.id, fullName: at.fullName, project: at.project, state, data });
  }
}

function keptOf(data: unknown): Kept {
  return isProps(data) && isProps(data.inputs) ? { inputs: data.inputs, own: data.own } : { inputs: {} };
}
