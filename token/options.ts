import type { ProjectKind } from "../sandbox/cloud/projects";

/** What the command line says. */
export interface Options {
  target: string;
  as?: string;
  stack: string;
  cwd: string;
  config: string[];
  /** Undefined unless it was said: it is for a sandbox that is made for this command. */
  projectKind?: ProjectKind;
  operator?: string;
  google: boolean;
  json: boolean;
}
