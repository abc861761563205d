import { deploy, projectOf, startApps } from "../../sandbox/cli/deploy";
import { EmbeddedCloud } from "../../sandbox/cli/embedded-cloud";
import type { StackConfig } from "../../sandbox/cli/stack-config";
import type { ProjectKind } from "../../sandbox/cloud/projects";
import { googleApis } from "../../sandbox/doors/rest/google-apis";
import { letMint } from "../../sandbox/doors/rest/let-mint";
import { authenticator } from "../../sandbox/doors/rest/principal";
import { RestDoor } from "../../sandbox/doors/rest/rest-door";
import { trustGraph } from "../../trust/graph";
import type { ResourceState } from "../../trust/resources";
import type { Choice } from "../choice";
import type { Operator, World } from "../world";
import { DEVELOPER, letIn, signedIn } from "./signed-in";

export interface InProcessOptions {
  stack: StackConfig;
  projectKind: ProjectKind;
  operator?: string;
  say: (line: string) => void;
}

/** A sandbox for this one command, which deploys the stack, uses the token once, and ends: so does the token. */
export class InProcess implements World {
  readonly where = "in a sandbox made for this command";
  readonly #options: InProcessOptions;
  readonly #sandbox: EmbeddedCloud;
  readonly #project: string;
  #door: RestDoor | undefined;

  constructor(options: InProcessOptions) {
    const { stack, projectKind: kind } = options;
    const { id, number } = projectOf(stack);
    this.#options = options;
    this.#project = id;
    this.#sandbox = new EmbeddedCloud({ root: stack.root, project: { id, number, kind }, iamDelay: 0 });
  }

  get endpoint(): string | undefined {
    return this.#door?.url();
  }

  async resources(): Promise<ResourceState[]> {
    const { stack, say } = this.#options;
    const { cloud } = this.#sandbox;
    say(
      `No sandbox is served (npm run sandbox -- serve), so one is made for this command, and stack ${stack.stack} deployed to it …`,
    );
    await this.#sandbox.start();
    this.#door = await RestDoor.start({ apis: googleApis(cloud), authenticate: authenticator(cloud) });
    const { resources, outputs } = await deploy(this.#sandbox, stack, this.#project);
    await startApps(this.#sandbox, trustGraph(resources).targets, outputs);
    return [...resources];
  }

  operator({ caller }: Choice): Promise<Operator> {
    const { operator, say } = this.#options;
    const { cloud } = this.#sandbox;
    if (operator === undefined) {
      letMint(cloud, DEVELOPER, caller.email);
      say(letIn(caller.email));
    }
    const member = operator ?? DEVELOPER;
    return Promise.resolve(signedIn(member, cloud.tokens.mintAccess({ member }).token));
  }

  /** As curl would, from the internet. */
  async use(token: string, { url }: Choice): Promise<string[]> {
    const headers: [string, string][] = [
      ["User-Agent", "curl"],
      ["Authorization", `Bearer ${token}`],
    ];
    const { response, verdict } = await this.#sandbox.ingress.handle({
      method: "GET",
      url,
      headers,
      body: "",
    });
    return [
      `GET ${url} with it: ${response.status}. ${verdict.reason}`,
      "That sandbox is gone, and its key with it: nothing takes the token any more.",
    ];
  }

  async stop(): Promise<void> {
    await this.#door?.stop();
    await this.#sandbox.stop();
  }
}
