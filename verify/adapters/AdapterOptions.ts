import type { RequestRefused } from "../RequestRefused";

/** What every adapter may be told. */
export interface AdapterOptions {
  /** Told why a request was turned away, for the log; `message` never holds the token. Default: nobody is told. */
  onRefused?: (error: RequestRefused) => void;
}
