import type { Cloud } from "../../cloud/cloud";
import { mint, type Minted, type MintQuestion } from "../mint";

/**
 * Pub/Sub sends a token again for up to one hour, so many pushes share one and a revoked minting grant is noticed late.
 * https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
export class TokenCache {
  readonly #cloud: Cloud;
  readonly #outliveChanges: boolean;
  readonly #kept = new Map<string, Minted & { ok: true }>();

  /**
   * No documentation says whether a token is sent on once its subscription names another audience. By default it is not;
   * with `outliveChanges` it is, which is the worse case.
   */
  constructor(cloud: Cloud, { outliveChanges = false }: { outliveChanges?: boolean } = {}) {
    this.#cloud = cloud;
    this.#outliveChanges = outliveChanges;
  }

  async token(subscription: string, question: Omit<MintQuestion, "agent">): Promise<Minted> {
    const audience = this.#outliveChanges ? "any" : question.audience;
    const key = JSON.stringify([subscription, question.caller, audience]);
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#cloud.clock.now() < kept.claims.exp * 1000) return kept;
    this.#kept.delete(key);
    const minted = await mint(this.#cloud, { agent: "pubsub", ...question });
    if (minted.ok) this.#kept.set(key, minted);
    return minted;
  }
}
