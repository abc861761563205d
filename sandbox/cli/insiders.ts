import type { Target } from "../../trust/graph";
import type { Cloud } from "../cloud/cloud";
import { functionV1Name, iapRunServiceName, projectName, runJobName, runServiceName } from "../cloud/names";

/** Somebody who gets in by a role on the whole project, whatever the targets' own policies say. */
export interface Insider {
  member: string;
  role: string;
  /** Logical names of the targets. */
  targets: string[];
}

/** Owners, editors and whoever else is let in from above: they cannot be kept out by a target, so they are named. */
export function insiders(cloud: Cloud, project: string, targets: readonly Target[]): Insider[] {
  const above = projectName(project);
  return cloud.iam
    .bindings(above)
    .map(({ member, role }) => ({
      member,
      role,
      targets: targets
        .filter((target) => {
          const q = question(project, target);
          if (q === undefined || member.startsWith("deleted:")) return false;
          const { allowed, binding } = cloud.iam.decide({ member, ...q });
          return allowed && binding?.resource === above && binding.role === role;
        })
        .map(({ name }) => name),
    }))
    .filter((insider) => insider.targets.length > 0);
}

function question(
  project: string,
  { gate, place }: Target,
): { permission: string; resource: string } | undefined {
  if (gate === "gateway" || place?.name === undefined || place.region === undefined) return undefined;
  const [id, region, name] = [place.project ?? project, place.region, place.name] as const;
  switch (gate) {
    case "function-v1":
      return { permission: "cloudfunctions.functions.invoke", resource: functionV1Name(id, region, name) };
    case "google-api":
      return { permission: "run.jobs.run", resource: runJobName(id, region, name) };
    case "iap":
      return {
        permission: "iap.webServiceVersions.accessViaIAP",
        resource: iapRunServiceName(id, region, name),
      };
    case "run":
      return { permission: "run.routes.invoke", resource: runServiceName(id, region, name) };
    case "application":
      return undefined;
  }
}
