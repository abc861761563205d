import { Apis } from "./apis";
import { type Clock, VirtualClock } from "./clock";
import { Iam } from "./iam/iam";
import { Projects, type ProjectSpec } from "./projects";
import { seededRandom } from "./random";
import { Store } from "./store";
import { AccountKeys } from "./tokens/account-keys";
import type { SigningKey } from "./tokens/signing-key";
import { TokenIssuer } from "./tokens/token-issuer";

export interface CloudOptions {
  projects: ProjectSpec[];
  /** Default: a VirtualClock that stands at the present, so that tokens are valid in the eyes of real verifiers. */
  clock?: Clock;
  /** Milliseconds until an IAM change takes effect, asked once per change. Default 0. */
  iamDelay?: number | (() => number);
  /** Numbers in [0, 1) for whatever Google makes up. Default: the same ones in every cloud. */
  random?: () => number;
  /** The key that signs tokens, asked for once. Default: made afresh, which takes a fifth of a second. */
  signingKey?: () => Promise<SigningKey>;
  /** A key of a service account, asked for once for each. Default: made afresh. */
  accountKey?: () => Promise<SigningKey>;
}

/** An embedded Google Cloud: a model in memory, without network, and no security boundary. */
export class Cloud {
  readonly clock: Clock;
  readonly iam: Iam;
  readonly tokens: TokenIssuer;
  readonly keys: AccountKeys;
  readonly store = new Store();
  readonly projects: Projects;
  readonly apis: Apis;
  readonly random: () => number;
  // What a project has from the start has been in effect for long.
  #delay = (): number => 0;

  constructor(options: CloudOptions) {
    this.clock = options.clock ?? new VirtualClock();
    this.random = options.random ?? seededRandom(1);
    this.iam = new Iam({ clock: this.clock, delay: () => this.#delay() });
    this.projects = new Projects(options.projects, this.iam);
    this.apis = new Apis(options.projects, this.projects);
    const account = this.iam.account.bind(this.iam);
    this.tokens = new TokenIssuer({ clock: this.clock, account, signingKey: options.signingKey });
    this.keys = new AccountKeys({ clock: this.clock, account, newKey: options.accountKey });
    const { iamDelay = 0 } = options;
    this.#delay = typeof iamDelay === "function" ? iamDelay : () => iamDelay;
  }

  /** A further project. */
  addProject(spec: ProjectSpec): void {
    const delay = this.#delay;
    this.#delay = () => 0;
    try {
      this.projects.add(spec);
      this.apis.add(spec);
    } finally {
      this.#delay = delay;
    }
  }

  /** Who runs Pulumi in a project, as an IAM member. */
  deployer(projectId: string): string {
    return this.projects.deployer(projectId);
  }
}
