import type { ProviderDoor } from "../doors/provider/door";
import { isPackageName } from "../doors/shared/packages";
import type { Connections } from "./connections";
import type { Handler } from "./control";
import { HostError } from "./host-error";

/** What a plugin asks for: a port for one provider instance, for as long as it listens to the answer. */
export function providerRoute(door: () => Promise<ProviderDoor>, connections: Connections): Handler {
  return async ({ url, response }) => {
    const name = url.searchParams.get("name") ?? "";
    if (!isPackageName(name)) throw new HostError(`The sandbox has no provider "${name}".`);
    const open = await (await door()).open({ package: name, version: url.searchParams.get("version") ?? "" });
    connections.keep(response, () => {
      open.close();
    });
    response.writeHead(200).write(`${open.port}\n`);
  };
}
