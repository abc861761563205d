import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import type { Api, Call } from "./api";

/** The id of the project in a call's path, which may be its number; throws unless it is there and has the API enabled. */
export function calledProject(cloud: Cloud, { params }: Call, { name }: Pick<Api, "name">): string {
  const project = cloud.projects.get(params.project ?? "");
  if (project === undefined) {
    // As of a project that nobody may see: the same words for both.
    throw new CloudError(
      "PERMISSION_DENIED",
      `Permission denied on resource project ${params.project ?? ""}.`,
    );
  }
  cloud.apis.require(project.id, name);
  return project.id;
}
