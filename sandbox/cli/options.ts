import type { ProjectKind } from "../cloud/projects";

/** What the command line says. */
export interface Options {
  stack: string;
  cwd: string;
  config: string[];
  projectKind: ProjectKind;
  /** Milliseconds until an IAM change takes effect. */
  iamDelay: number;
  keysPort?: number;
  json: boolean;
  /** Show where errors come from. */
  trace: boolean;
}

/** Google says: typically two minutes, potentially seven or longer. https://docs.cloud.google.com/iam/docs/access-change-propagation */
export const LONGEST_IAM_DELAY = 10 * 60_000;
