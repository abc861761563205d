import { CloudError } from "../errors";
import type { Context } from "./kind";

/** The project of a resource: the one in its inputs, else the provider's. */
export function projectIn(cx: Context, inputs: { project?: string }): { id: string; number: string } {
  const id = inputs.project ?? cx.config.project;
  if (id === undefined) {
    throw new CloudError("INVALID_ARGUMENT", "No project is set, in the resource or in the provider.");
  }
  return cx.cloud.projects.require(id);
}

/** Who runs Pulumi in a project, as Google's APIs name whoever made or changed something. */
export function deployerEmail({ cloud }: Context, project: string): string {
  return cloud.deployer(project).replace(/^[A-Za-z]+:/, "");
}
