import { join, resolve } from "node:path";

/** Where everything lies that the sandbox keeps, by default `.sandbox` in the folder where it is started. */
export class Folder {
  readonly path: string;

  /** `within`: where `.sandbox` is looked for, unless SANDBOX_FOLDER says otherwise. */
  constructor(path?: string, within = ".") {
    // Set to nothing, it is not set: else the whole folder would be the sandbox's.
    this.path = resolve(path ?? (process.env.SANDBOX_FOLDER || join(within, ".sandbox")));
  }

  /** The cloud, as it was last saved. */
  get cloud(): string {
    return join(this.path, "cloud.json");
  }

  /** Who serves this folder. */
  get serving(): string {
    return join(this.path, "serving.json");
  }

  /** In place of ~/.pulumi. */
  get pulumiHome(): string {
    return join(this.path, "pulumi/home");
  }

  /** The states of the stacks, as Pulumi keeps them in a folder. */
  get pulumiState(): string {
    return join(this.path, "pulumi/state");
  }

  /** The stacks' configuration as it is in the sandbox: the project's own files are never written. */
  get pulumiConfig(): string {
    return join(this.path, "pulumi/config");
  }
}
