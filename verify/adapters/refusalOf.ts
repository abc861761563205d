import { RequestRefused } from "../RequestRefused";
import type { AdapterOptions } from "./AdapterOptions";

/** An answer, in a form that every framework can send. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The answer to a request that was turned away. Whatever else went wrong is thrown on. */
export function refusalOf(error: unknown, { onRefused }: AdapterOptions): Answer {
  if (!(error instanceof RequestRefused)) throw error;
  onRefused?.(error);
  return {
    status: error.status,
    headers: { ...error.headers, "Content-Type": "text/plain; charset=utf-8" },
    body: `${error.code}: ${error.description}\n`,
  };
}
