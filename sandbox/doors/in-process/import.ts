import type { Props } from "../../cloud/resources/values";
import { NO_OPTIONS } from "./request";
import type { Providers } from "./providers";
import type { DeployedResource } from "./state";
import { urnOf } from "./urns";

/** What `pulumi import --file` reads. https://www.pulumi.com/docs/iac/adopting-pulumi/import */
export interface ImportFile {
  readonly resources: readonly ImportSpec[];
}

/** One resource to take over. A component has no id: it is only the parent of others. */
interface ImportSpec {
  readonly type: string;
  /** How other entries name it. */
  readonly name: string;
  /** The name that the program gives it. Default: `name`. */
  readonly logicalName?: string;
  readonly id?: string;
  readonly component?: boolean;
  /** The `name` of another entry. */
  readonly parent?: string;
}

/** The resources of a file as they exist on the cloud, under the URNs that a program will declare them by. */
export async function imported(
  file: ImportFile,
  where: { stack: string; project: string },
  providers: Providers,
): Promise<DeployedResource[]> {
  const urns = new Map<string, string>();
  const found: DeployedResource[] = [];
  for (const spec of file.resources) {
    const parent = spec.parent === undefined ? undefined : parentUrn(urns, spec);
    const name = spec.logicalName ?? spec.name;
    const urn = urnOf(where, { parent, type: spec.type, name });
    urns.set(spec.name, urn);
    found.push({
      ...NO_OPTIONS,
      secrets: [],
      ...(await stateOf(spec, providers)),
      urn,
      type: spec.type,
      name,
      parent,
    });
  }
  return found;
}

function parentUrn(urns: ReadonlyMap<string, string>, { name, parent = "" }: ImportSpec): string {
  const urn = urns.get(parent);
  if (urn !== undefined) return urn;
  throw new Error(
    `the import file names ${JSON.stringify(parent)} as parent of ${JSON.stringify(name)}, but has no such entry before it`,
  );
}

async function stateOf(
  { type, id, component }: ImportSpec,
  providers: Providers,
): Promise<{ custom: boolean; id?: string; inputs: Props; outputs: Props }> {
  if (component === true) return { custom: false, inputs: {}, outputs: {} };
  const state = id === undefined ? undefined : await providers.of(type, "").read(type, { id });
  if (state === undefined) throw new Error(`${type}: there is no resource with id ${String(id)} to import`);
  return { custom: true, ...state };
}
