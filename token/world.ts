import type { AuthClient } from "google-auth-library";
import type { ResourceState } from "../trust/resources";
import type { Choice } from "./choice";

/** Whoever asks for the token. */
export interface Operator {
  /** Speaks for them. */
  client: AuthClient;
  /** Who that is, as IAM writes it; undefined if it cannot be known. */
  readonly member: () => Promise<string | undefined>;
}

/** Where the stack is, and where tokens for it are had: a sandbox, or Google Cloud. */
export interface World {
  /** In words, as in "on Google Cloud". */
  readonly where: string;
  /** Where IAM Credentials is. Default: at Google. */
  readonly endpoint?: string;
  resources(): Promise<ResourceState[]>;
  operator(choice: Choice): Promise<Operator>;
  /** How to use the token, or what came of it; for people. */
  use(token: string, choice: Choice): Promise<string[]>;
  stop(): Promise<void>;
}
