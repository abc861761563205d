import type { Caller } from "./Caller";
import { readRules, type Rules } from "./options/readRules";
import type { VerifierRules } from "./options/VerifierRules";
import { checkClaims } from "./token/checkClaims";
import { parseCheckedToken } from "./token/parseToken";
import { tokenIn } from "./token/tokenIn";
import type { Verifier } from "./Verifier";

/** What `createVerifierBehindCloudRun` is told: the rules, and that somebody else has checked the signature. */
export type CloudRunVerifierOptions = VerifierRules & {
  /**
   * That every request passes Cloud Run's own check of its token: the service neither lets in `allUsers` nor has
   * `invokerIamDisabled`. If that is not so, everybody can write a token that gets in here.
   */
  cloudRunHasCheckedTheSignature: true;
  /** Where `K_SERVICE` is looked for, which Cloud Run sets. Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
};

/**
 * Makes a verifier for a private service on Cloud Run, or a function, which Google lets nobody reach without a good token. It
 * reads the token without checking the signature, because Google takes that away on this path. Still it checks issuer,
 * audience, time, and that the caller is one of the callers: editors and owners of the project pass Google's check too.
 *
 * Like Cloud Run it looks at `X-Serverless-Authorization` first and then does not look at `Authorization`, which belongs to
 * the application in that case.
 *
 * ```ts
 * import { createVerifierBehindCloudRun } from "@automatic-oidc/verify/behind-cloud-run";
 *
 * const verifier = createVerifierBehindCloudRun({
 *   audience: "https://orders-123456789012.us-central1.run.app",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 *   cloudRunHasCheckedTheSignature: true,
 *   env: { K_SERVICE: "orders" }, // leave this out; Cloud Run sets it
 * });
 * const headers = new Headers({ authorization: `Bearer ${process.argv[2] ?? ""}` });
 * console.log((await verifier.verifyHeaders(headers)).email);
 * ```
 *
 * @throws TypeError if this is not Cloud Run, or if the options would let in more than they say.
 */
export function createVerifierBehindCloudRun(options: CloudRunVerifierOptions): Verifier {
  const { cloudRunHasCheckedTheSignature: checked, env = process.env } = options;
  if ((checked as unknown) !== true) {
    throw new TypeError(
      `${MAKER}: cloudRunHasCheckedTheSignature is not true; if Cloud Run lets everybody in, use createVerifier.`,
    );
  }
  if (!env.K_SERVICE) {
    throw new TypeError(
      `${MAKER}: K_SERVICE is not set, so this is not Cloud Run, and nobody has checked the signature. Use createVerifier.`,
    );
  }
  return new DecodingVerifier(readRules(MAKER, options));
}

const MAKER = "createVerifierBehindCloudRun";

/** In the order in which Cloud Run looks. https://docs.cloud.google.com/run/docs/authenticating/service-to-service */
const HEADERS = ["x-serverless-authorization", "authorization"];

class DecodingVerifier implements Verifier {
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  verify(token: string): Promise<Caller> {
    return settled(() => checkClaims(parseCheckedToken(token).claims, this.#rules));
  }

  verifyHeaders(headers: Parameters<Verifier["verifyHeaders"]>[0]): Promise<Caller> {
    return settled(() => tokenIn(headers, HEADERS)).then((token) => this.verify(token));
  }
}

/** Turns what is thrown into a rejection, as with the other verifier. */
function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
