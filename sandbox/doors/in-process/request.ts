import type * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import type { Declared } from "./deployment";
import { urnOf } from "./urns";
import { received } from "./wire";

/** What a program says of one resource, read off the request. */
export function declaredBy(
  request: resourceProto.RegisterResourceRequest | resourceProto.ReadResourceRequest,
  where: { stack: string; project: string },
): Declared {
  const type = request.getType();
  const name = request.getName();
  const parent = request.getParent();
  const urn = urnOf(where, { parent, type, name });
  return "getObject" in request
    ? { urn, type, name, parent, ...optionsOf(request) }
    : {
        ...NO_OPTIONS,
        urn,
        type,
        name,
        parent,
        ...inputsOf(request.getProperties()?.toJavaScript()),
        custom: true,
      };
}

/** What an entry says beside its inputs when it says nothing. */
export const NO_OPTIONS = {
  dependencies: [],
  propertyDependencies: {},
  protect: false,
  retainOnDelete: false,
  providers: {},
  aliases: [],
  ignoreChanges: [],
  replaceOnChanges: [],
  deleteBeforeReplace: false,
};

function optionsOf(request: resourceProto.RegisterResourceRequest) {
  return {
    ...inputsOf(request.getObject()?.toJavaScript()),
    custom: request.getCustom(),
    dependencies: request.getDependenciesList(),
    propertyDependencies: Object.fromEntries(
      request
        .getPropertydependenciesMap()
        .toArray()
        .map(([property, dependencies]) => [property, urnsOf(dependencies)] as const),
    ),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    provider: request.getProvider(),
    providers: Object.fromEntries(request.getProvidersMap().toArray()),
    aliases: request.getAliasurnsList(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ...(request.getImportid() !== "" && { importId: request.getImportid() }),
  };
}

function inputsOf(wire: unknown) {
  const { props, secrets } = received(wire);
  return { inputs: props, secrets };
}

// The map holds messages, or their wire form, depending on who filled it.
function urnsOf(dependencies: unknown): string[] {
  if (Array.isArray(dependencies)) return (dependencies[0] ?? []) as string[];
  return (dependencies as resourceProto.RegisterResourceRequest.PropertyDependencies).getUrnsList();
}
