import { Client } from "./client";
import type { Folder } from "./folder";
import { Host } from "./host";

/** Does something with a folder's cloud: with the one that is served, or with one for this purpose. */
export async function using<T>(folder: Folder, work: (cloud: Client) => Promise<T>): Promise<T> {
  const host = await Host.start(folder);
  if (!(host instanceof Host)) return work(new Client(host));
  try {
    host.load({ projectKind: "default", iamDelay: 0 });
    return await work(new Client(host.serving));
  } finally {
    await host.stop();
  }
}
