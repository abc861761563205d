import type { z } from "zod/mini";
import type { Cloud } from "../cloud";
import type { StoredResource } from "../store";
import type { Props } from "./values";

export interface ProviderConfig {
  project?: string;
  region?: string;
  zone?: string;
}

export interface Failure {
  property: string;
  reason: string;
}

/** What a kind works with: the cloud, and what the provider was configured with. */
export interface Context {
  readonly cloud: Cloud;
  readonly config: ProviderConfig;
}

export interface AutoName {
  readonly property: string;
  readonly maxLength: number;
  readonly lowerCase?: boolean;
}

/** Where a resource is kept. */
export interface Identity {
  readonly id: string;
  readonly fullName: string;
  readonly project: string;
}

/** What the cloud adds to the inputs: values of the kind's computed properties, by path. */
export interface Made {
  readonly computed: Props;
  /** Needed only of a kind without `identify`. */
  readonly id?: string;
  /** Whatever the kind wants to remember for itself. */
  readonly own?: unknown;
}

/** A resource as it stands before an update or a deletion. */
export interface Current<I = Props> {
  readonly id: string;
  readonly inputs: I;
  readonly state: Props;
  readonly own?: unknown;
  readonly stored?: StoredResource;
}

/**
 * One kind of resource. The provider core does what is common to all of them: defaults, auto-names, strict checking,
 * diffs, previews and keeping; a kind says what is its own.
 */
export interface Kind<I = Props> {
  readonly token: string;
  /** APIs that have to be enabled in the resource's project. */
  readonly apis: readonly string[];
  readonly schema: () => z.core.$ZodType;
  /** Paths of properties whose change needs another resource. */
  readonly replaceOn: readonly string[] | "everything";
  readonly deleteBeforeReplace?: boolean;
  readonly autoName?: AutoName;
  /** Properties that the provider's configuration fills in. */
  readonly fromProvider: Readonly<Partial<Record<string, "project" | "region">>>;
  /** Inputs that the provider fills in when they are not given, by path; inside a block only when the block is given. */
  readonly defaults?: Props;
  /** Paths of outputs that the cloud decides, unless the inputs do. */
  readonly computed: readonly string[];
  /** Paths that the cloud leaves as they were when nobody says them any more, as long as the block around them is there. */
  readonly kept?: readonly string[];
  /** Computed outputs that every update changes. */
  readonly volatile?: readonly string[];
  /** Values that differ in writing only, by path. */
  readonly same?: Readonly<Partial<Record<string, (one: string, other: string) => boolean>>>;
  /** Rules over several properties. They hold for what is known, and say nothing of what is not. */
  readonly rules?: (inputs: Props) => Failure[];
  /** Computed outputs that follow from the inputs alone: a preview shows them already. */
  readonly planned?: (inputs: Props, cx: Context) => Props;
  /** The inputs as the cloud writes them back, for kinds whose API does not echo them. */
  readonly writtenBack?: (inputs: Props, cx: Context) => Props;
  /** Taking what is there already instead of refusing to make it again. */
  readonly adopts?: (inputs: I) => boolean;
  /** Of kinds that the store keeps. */
  readonly identify?: (cx: Context, inputs: I) => Identity;
  create(cx: Context, inputs: I, id: string): Made | Promise<Made>;
  update?(cx: Context, current: Current<I>, news: I): Made | Promise<Made>;
  delete?(cx: Context, current: Current<I>): void | Promise<void>;
  /** Looks at the cloud itself, for what the store does not keep or may not have been told. The id is the one to go on with. */
  read?(cx: Context, id: string): { id?: string; inputs: Props; computed: Props } | undefined;
}

/** A kind whose inputs have the type of its schema, which is built at its first use: most programs use few kinds. */
export function kind<S extends z.core.$ZodType>(
  schema: () => S,
  rest: Omit<Kind<z.core.output<S>>, "schema">,
): Kind<never> {
  let built: S | undefined;
  return { ...rest, schema: () => (built ??= schema()) };
}
