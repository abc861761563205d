import type { AgentKind } from "./names";

export type ProjectKind = "default" | "hardened";

export interface Agent {
  kind: AgentKind;
  api: string;
  /** What Google grants the agent on a project as Google makes it, and takes from it nowhere. Absent: nothing. */
  usualRole?: string;
  /** The kinds of project in which it exists as soon as its API is enabled; elsewhere it must be asked for. */
  comesWithApi: readonly ProjectKind[];
}

/** Google's own service agents. docs.cloud.google.com/iam/docs/create-service-agents */
export const AGENTS: readonly Agent[] = [
  {
    kind: "scheduler",
    api: "cloudscheduler.googleapis.com",
    usualRole: "roles/cloudscheduler.serviceAgent",
    comesWithApi: ["default", "hardened"],
  },
  {
    kind: "tasks",
    api: "cloudtasks.googleapis.com",
    usualRole: "roles/cloudtasks.serviceAgent",
    comesWithApi: ["default", "hardened"],
  },
  {
    kind: "pubsub",
    api: "pubsub.googleapis.com",
    usualRole: "roles/pubsub.serviceAgent",
    comesWithApi: ["default"],
  },
  {
    kind: "run",
    api: "run.googleapis.com",
    usualRole: "roles/run.serviceAgent",
    comesWithApi: ["default", "hardened"],
  },
  // Made by `gcloud beta services identity create`, and granted by hand: cloud.google.com/iap/docs/enabling-cloud-run
  { kind: "iap", api: "iap.googleapis.com", comesWithApi: [] },
];
