import type { Cloud } from "../../cloud/cloud";
import { mint, type Minted, type MintQuestion } from "../mint";

/**
 * Pub/Sub sends a token again for up to one hour, so many pushes share one and a revoked minting grant is noticed late.
 * https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
export class TokenCache {
  readonly #cloud: Cloud;
  readonly #kept = new Map<string, Minted & { ok: true }>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  async token(subscription: string, question: Omit<MintQuestion, "agent">): Promise<Minted> {
    const key = JSON.stringify([subscription, question.caller, question.audience]);
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#cloud.clock.now() < kept.claims.exp * 1000) return kept;
    this.#kept.delete(key);
    const minted = await mint(this.#cloud, { agent: "pubsub", ...question });
    if (minted.ok) this.#kept.set(key, minted);
    return minted;
  }
}
