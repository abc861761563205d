import type { ResourceState } from "../../../trust/resources";
import type { Props } from "../../cloud/resources/values";

/** A resource as the last deployment left it, with the options that its program gave it. */
export interface DeployedResource extends ResourceState {
  readonly custom: boolean;
  readonly inputs: Props;
  outputs: Props;
  readonly dependencies: string[];
  readonly propertyDependencies: Record<string, string[]>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** The provider instance that made it: its URN and id, or that of a default provider. */
  readonly provider?: string;
  /** The provider that a component hands down, by package. */
  readonly providers: Readonly<Record<string, string>>;
  readonly aliases: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** Paths of inputs that the program keeps secret. */
  readonly secrets: readonly string[];
}

/** What a stack consists of, in the order in which it was declared. */
export class StackState {
  readonly #resources = new Map<string, DeployedResource>();

  /** `doomed`: replaced, and not deleted yet when a deployment was cut short. */
  constructor(
    resources: Iterable<DeployedResource> = [],
    readonly doomed: readonly DeployedResource[] = [],
  ) {
    for (const resource of resources) this.#resources.set(resource.urn, resource);
  }

  get(urn: string): DeployedResource | undefined {
    return this.#resources.get(urn);
  }

  put(resource: DeployedResource): void {
    this.#resources.set(resource.urn, resource);
  }

  list(): DeployedResource[] {
    return [...this.#resources.values()];
  }
}
