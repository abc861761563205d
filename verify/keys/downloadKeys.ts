import type { KeyObject } from "node:crypto";
import { readKeySet } from "./readKeySet";

/** The part of `fetch` that is used, so that another one can be given. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; redirect: "error"; signal: AbortSignal },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}>;

export interface Download {
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Milliseconds for which the server says that they stay as they are. */
  readonly maxAge: number | undefined;
}

/** Rejects unless the whole key set has come in time. */
export async function downloadKeys(url: string, fetch: Fetch, timeout: number): Promise<Download> {
  const signal = AbortSignal.timeout(timeout);
  // A redirect could lead anywhere, and a `fetch` that was given need not heed the signal.
  const response = fetch(url, { headers: { accept: "application/json" }, redirect: "error", signal });
  return Promise.race([response.then(read), ended(signal, `no answer within ${timeout} ms`)]);
}

async function read(response: Awaited<ReturnType<Fetch>>): Promise<Download> {
  if (response.status !== 200) throw new Error(`the answer has status ${response.status}`);
  const maxAge = /(?:^|[\s,])max-age=(\d+)/i.exec(response.headers.get("cache-control") ?? "")?.[1];
  return {
    keys: readKeySet(await response.json()),
    maxAge: maxAge === undefined ? undefined : Number(maxAge) * 1000,
  };
}

function ended(signal: AbortSignal, message: string): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error(message));
    });
  });
}
