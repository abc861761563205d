import { createSign, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Answer, TokenRequest, World } from "../../doctor/world";
import type { Grant, Target } from "../../trust/graph";
import { functionV1Name, iapRunServiceName, runJobName, runServiceName } from "../cloud/names";
import type { EmbeddedCloud } from "./embedded-cloud";

const HOUR = 3_600_000;

export interface SandboxWorldOptions {
  project: string;
  targets: readonly Target[];
  iamDelay: number;
  /** Signs what the sandbox has not signed. */
  foreignKey: Promise<KeyObject>;
}

/** What is tried of the embedded cloud. */
type Tried = Pick<EmbeddedCloud, "cloud" | "ingress" | "time">;

/** What a target's grants lie on. */
const POLICIES: Readonly<Record<Target["gate"], typeof runServiceName>> = {
  run: runServiceName,
  iap: iapRunServiceName,
  "function-v1": functionV1Name,
  "google-api": runJobName,
  gateway: runServiceName,
  application: runServiceName,
};

/** A key that nobody knows; making it takes a while, on another thread. */
export async function makeForeignKey(): Promise<KeyObject> {
  return (await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })).privateKey;
}

/** The doctor's world, where everything can be had: keys of nobody, tokens of yesterday, grants that are gone. */
export class SandboxWorld implements World {
  readonly #sandbox: Tried;
  readonly #project: string;
  readonly #targets: ReadonlyMap<string, Target>;
  readonly #iamDelay: number;
  readonly #foreignKey: Promise<KeyObject>;

  constructor(sandbox: Tried, { project, targets, iamDelay, foreignKey }: SandboxWorldOptions) {
    this.#sandbox = sandbox;
    this.#project = project;
    this.#targets = new Map(
      targets.flatMap((target) => (target.urn === undefined ? [] : [[target.urn, target]])),
    );
    this.#iamDelay = iamDelay;
    this.#foreignKey = foreignKey;
  }

  async stranger(): Promise<string> {
    const email = `stranger@${this.#project}.iam.gserviceaccount.com`;
    const { iam } = this.#sandbox.cloud;
    if (iam.account(email) === undefined) {
      iam.addAccount({ email, uniqueId: "100000000000000000001", project: this.#project });
    }
    return Promise.resolve(email);
  }

  async token({ email, audience, scope, flaw }: TokenRequest): Promise<string> {
    const { tokens, clock } = this.#sandbox.cloud;
    if (scope !== undefined) {
      const lifetime = flaw === "expired token" ? 0 : HOUR;
      return tokens.mintAccess({ member: `serviceAccount:${email}`, scopes: [scope], lifetime }).token;
    }
    const issuedAt = flaw === "expired token" ? clock.now() - 2 * HOUR : clock.now();
    const token = await tokens.mint({ email, audience, issuedAt });
    return flaw === "foreign signature" ? this.#signedAnew(token) : token;
  }

  async call({ method = "GET", url, token }: Parameters<World["call"]>[0]): Promise<Answer> {
    const headers: [string, string][] = [["User-Agent", "sandbox-intruder"]];
    if (token !== undefined) headers.push(["Authorization", `Bearer ${token}`]);
    const request = { method, url, headers, body: "" };
    // From inside, so that it is not the ingress setting that keeps the intruder out.
    const { response, verdict } = await this.#sandbox.ingress.handle(request, {
      network: "google",
      project: this.#project,
    });
    const applicationDecides =
      (verdict.target?.kind === "foreign" && verdict.outcome === "let in") ||
      verdict.applicationDecides === true;
    return {
      status: response.status,
      body: response.body,
      letIn: applicationDecides ? undefined : verdict.outcome === "let in",
      reason: applicationDecides && verdict.front === undefined ? response.body.trim() : verdict.reason,
    };
  }

  async without<T>(grants: readonly Grant[], work: () => Promise<T>): Promise<T> {
    const { iam } = this.#sandbox.cloud;
    const bindings = grants.map(({ targetUrn, role, member }) => ({
      on: this.#policyOf(targetUrn),
      role,
      member,
    }));
    for (const { on, role, member } of bindings) iam.revoke(on, { role, member });
    try {
      await this.#spread();
      return await work();
    } finally {
      for (const { on, role, member } of bindings) iam.grant(on, { role, member });
      await this.#spread();
    }
  }

  async #spread(): Promise<void> {
    if (this.#iamDelay > 0) await this.#sandbox.time.pass(this.#iamDelay);
  }

  #policyOf(urn: string | undefined): string {
    const target = urn === undefined ? undefined : this.#targets.get(urn);
    const { project = this.#project, region = "", name = "" } = target?.place ?? {};
    return POLICIES[target?.gate ?? "run"](project, region, name);
  }

  /** The same header and claims, key id included, under a signature of somebody else's. */
  async #signedAnew(token: string): Promise<string> {
    const signed = token.split(".").slice(0, 2).join(".");
    const signature = createSign("RSA-SHA256")
      .update(signed)
      .sign(await this.#foreignKey, "base64url");
    return `${signed}.${signature}`;
  }
}
