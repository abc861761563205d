import { CloudError } from "../errors";
import { agentEmail, repositoryName } from "../names";
import { decisionSoon } from "./access";
import type { Context } from "./kind";

const IMAGE = /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\/./;

/**
 * Of an image in another project of the cloud, Run's own agent must be a reader there, and so must whoever deploys:
 * https://docs.cloud.google.com/run/docs/deploying#other-projects. Whether there is such an image is not looked at, and what
 * is not in any project of the cloud is taken for public. The words: https://docs.cloud.google.com/run/docs/troubleshooting
 */
export function requireImages(
  cx: Context,
  containers: readonly { image: string }[],
  project: { id: string; number: string },
): void {
  for (const { image } of containers) {
    const [, location = "", owner = "", repository = ""] = IMAGE.exec(image) ?? [];
    const other = cx.cloud.projects.get(owner);
    if (other === undefined || other.id === project.id) continue;
    const permission = "artifactregistry.repositories.downloadArtifacts";
    const resource = repositoryName(other.id, location, repository);
    const readers = {
      User: cx.cloud.deployer(project.id),
      "Google Cloud Run Service Agent": `serviceAccount:${agentEmail("run", project.number)}`,
    };
    for (const [who, member] of Object.entries(readers)) {
      const { allowed, reason } = decisionSoon(cx, { member, permission, resource });
      if (allowed) continue;
      throw new CloudError(
        "PERMISSION_DENIED",
        `${who} must have permission to read the image, ${image}. Note that the image is from project ${other.id}, which is not ` +
          `the same as this project ${project.id}. ${reason}`,
      );
    }
  }
}
