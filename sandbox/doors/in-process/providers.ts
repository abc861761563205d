import type { Cloud } from "../../cloud/cloud";
import { Provider } from "../../cloud/resources/provider";
import type { ProviderConfig } from "../../cloud/resources/provider";
import { configFailures, isPackageName, PACKAGES } from "../shared/packages";
import type { PackageName } from "../shared/packages";

const PROVIDER_TYPE = "pulumi:providers:";

/** Whether a type is that of a provider instance rather than of a resource. */
export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_TYPE);
}

/** The provider instances of one deployment: those that the program declares, and one default for each package. */
export class Providers {
  readonly #byReference = new Map<string, Provider>();
  readonly #defaults = new Map<string, Provider>();

  constructor(
    private readonly cloud: Cloud,
    private readonly config: Readonly<Record<string, string>>,
  ) {}

  /** Takes an instance that the program declares under the reference by which its resources will name it. */
  declare(type: string, reference: string, inputs: Readonly<Record<string, unknown>>): void {
    const name = known(type.slice(PROVIDER_TYPE.length));
    this.#byReference.set(reference, new Provider(this.cloud, configOf(name, inputs)));
  }

  /** The instance for a resource or an invoke. */
  of(token: string, reference: string): Provider {
    if (reference === "") return this.#defaultFor(token.split(":")[0] ?? "", token);
    const provider = this.#byReference.get(reference);
    if (provider === undefined)
      throw new Error(`${token}: the provider ${reference} is not part of this program`);
    return provider;
  }

  #defaultFor(of: string, token: string): Provider {
    const name = known(of, token);
    if (this.#isDisabled(name)) {
      throw new Error(`Default provider for '${name}' disabled. '${token}' must use an explicit provider.`);
    }
    const made = this.#defaults.get(name) ?? new Provider(this.cloud, configOf(name, this.#configFor(name)));
    this.#defaults.set(name, made);
    return made;
  }

  #configFor(name: string): Record<string, string> {
    const prefix = `${name}:`;
    return Object.fromEntries(
      Object.entries(this.config)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]),
    );
  }

  #isDisabled(name: string): boolean {
    const disabled: unknown = JSON.parse(this.config["pulumi:disable-default-providers"] ?? "[]");
    return Array.isArray(disabled) && (disabled.includes("*") || disabled.includes(name));
  }
}

function known(name: string, token?: string): PackageName {
  if (isPackageName(name)) return name;
  const what = token === undefined ? "" : `, so "${token}" cannot be deployed on it`;
  throw new Error(`The sandbox has no provider "${name}" (only ${PACKAGES.join(", ")})${what}`);
}

function configOf(name: PackageName, inputs: Readonly<Record<string, unknown>>): ProviderConfig {
  const [failure] = configFailures(name, inputs);
  if (failure !== undefined) throw new Error(`${name}: ${failure.reason}`);
  const text = (key: string) => (typeof inputs[key] === "string" ? inputs[key] : undefined);
  return { project: text("project"), region: text("region"), zone: text("zone") };
}
