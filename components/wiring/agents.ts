import type { Check } from "./checks";

/** The Google services that mint a caller's tokens. */
export const TokenAgent = {
  /** Cloud Scheduler. */
  Scheduler: "scheduler",
  /** Cloud Tasks. */
  Tasks: "tasks",
  /** Pub/Sub push. */
  PubSub: "pubsub",
} as const;
export type TokenAgent = (typeof TokenAgent)[keyof typeof TokenAgent];

// https://docs.cloud.google.com/scheduler/docs/http-target-auth, .../tasks/docs/creating-http-target-tasks,
// .../pubsub/docs/authenticate-push-subscriptions
const DOMAINS: Readonly<Record<TokenAgent | "iap", string>> = {
  scheduler: "gcp-sa-cloudscheduler",
  tasks: "gcp-sa-cloudtasks",
  pubsub: "gcp-sa-pubsub",
  // Mints nobody's tokens but its own, with which it calls the service that it stands before.
  // https://docs.cloud.google.com/iap/docs/enabling-cloud-run
  iap: "gcp-sa-iap",
};

/** Pushes carry id_tokens only. https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#PushConfig */
export function sendsAccessTokens(agent: TokenAgent): boolean {
  return agent !== TokenAgent.PubSub;
}

/** The address of Google's own service agent in a project: known from the project's number, nothing is looked up. */
export function agentEmail(agent: keyof typeof DOMAINS, projectNumber: string): string {
  return `service-${projectNumber}@${DOMAINS[agent]}.iam.gserviceaccount.com`;
}

/** Whether an address is a service agent's, which can never be what a job calls as. */
export function isAgentEmail(email: string): boolean {
  return /@gcp-sa-[a-z0-9-]+\.iam\.gserviceaccount\.com$/.test(email);
}

/** A check that an address can be that of one of Google's agents. */
export const agentAddress: Check<string> = (email) =>
  /^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/.test(email)
    ? undefined
    : { problem: "is not a service agent's address", remedy: "Leave it out, and it is computed" };
