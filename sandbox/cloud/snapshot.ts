import type { KeptApis } from "./apis";
import { Cloud, type CloudOptions } from "./cloud";
import type { KeptIam } from "./iam/iam";
import type { Project } from "./projects";
import type { StoredResource } from "./store";

/**
 * All that a cloud knows, as plain data. Not the keys: a restored cloud makes its own, and takes no token of the
 * old one.
 */
export interface Snapshot {
  /** The cloud's time, in milliseconds since 1970. */
  time: number;
  projects: Project[];
  apis: KeptApis[];
  iam: KeptIam;
  resources: StoredResource[];
}

export function snapshotOf(cloud: Cloud): Snapshot {
  return {
    time: cloud.clock.now(),
    projects: cloud.projects.list(),
    apis: cloud.apis.kept(),
    iam: cloud.iam.kept(),
    resources: cloud.store.all(),
  };
}

/** A cloud that knows what the other one knew. Its clock may not be behind the snapshot's time. */
export function restored(snapshot: Snapshot, options: Omit<CloudOptions, "projects"> = {}): Cloud {
  const { time, projects, apis, iam, resources } = structuredClone(snapshot);
  const cloud = new Cloud({ ...options, projects: [] });
  if (cloud.clock.now() < time) {
    throw new RangeError(`The clock is at ${cloud.clock.now()}, and the cloud was kept at ${time}.`);
  }
  cloud.projects.load(projects);
  cloud.apis.load(apis);
  cloud.iam.load(iam);
  for (const resource of resources) cloud.store.put(resource);
  return cloud;
}
