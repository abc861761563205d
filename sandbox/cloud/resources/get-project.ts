import { CloudError } from "../errors";
import type { Context } from "./kind";
import { projectIn } from "./project";
import type { Props } from "./values";

/** `gcp.organizations.getProject`: needs cloudresourcemanager in the project that asks. */
export function getProject(cx: Context, args: Props): Props {
  for (const key of Object.keys(args)) {
    if (key !== "projectId") {
      throw new CloudError(
        "UNIMPLEMENTED",
        `gcp:organizations/getProject:getProject: property "${key}" is not modelled by the sandbox`,
      );
    }
  }
  const project = projectIn(cx, typeof args.projectId === "string" ? { project: args.projectId } : {});
  cx.cloud.apis.require(project.id, "cloudresourcemanager.googleapis.com");
  return {
    id: `projects/${project.id}`,
    projectId: project.id,
    number: project.number,
    name: project.id,
    autoCreateNetwork: false,
    billingAccount: "",
    deletionPolicy: "",
    effectiveLabels: {},
    folderId: "",
    labels: {},
    orgId: "",
    pulumiLabels: {},
    tags: {},
  };
}
