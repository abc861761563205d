import type { Grant } from "../trust/graph";

/** What is wrong with a token that looks right otherwise. */
export type Flaw = "foreign signature" | "expired token";

export interface TokenRequest {
  email: string;
  audience: string;
  /** With it, an access token is wanted instead of an id_token. */
  scope?: string;
  flaw?: Flaw;
}

export interface Answer {
  status: number;
  body: string;
  /** Whether the code behind the gate was reached, where that can be known. */
  letIn?: boolean;
  /** Why, where the one who decided says it. */
  reason?: string;
}

/** Where the doctor works: an embedded cloud, or a real project with the rights of whoever asks. */
export interface World {
  /** A service account that no target lets in. */
  stranger(): Promise<string>;
  /** Undefined when no such token can be had here. */
  token(request: TokenRequest): Promise<string | undefined>;
  call(request: { method?: "GET" | "POST"; url: string; token?: string }): Promise<Answer>;
  /** Does the work while these grants are taken away and out of effect; gives them back whatever happens. */
  without<T>(grants: readonly Grant[], work: () => Promise<T>): Promise<T>;
}
