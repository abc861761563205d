import type { ResourceState } from "../trust/resources";

/** What a deployment would do to a resource. */
export type Op = "create" | "import" | "read" | "update" | "replace" | "delete" | "same";

export type PathChange = "add" | "delete" | "update";

/** One property that changes. */
export interface ChangedPath {
  /** Such as `template.containers[0].image`. */
  path: string;
  kind: PathChange;
  /** Whether it cannot change without making the resource anew. */
  replaces: boolean;
}

/** What becomes of one resource. */
export interface PreviewStep {
  op: Op;
  urn: string;
  type: string;
  name: string;
  /** False for a component: it groups resources and is none. */
  custom: boolean;
  /** As it is; absent when it is created. */
  old?: ResourceState;
  /** As it will be; absent when it is deleted. */
  new?: ResourceState;
  changed: ChangedPath[];
  /** Properties that force a replacement. */
  replaceReasons: string[];
  /** Whether what is deleted, or replaced, stays in the cloud, where no stack knows it any more: `retainOnDelete`. */
  stays?: boolean;
}

export interface Diagnostic {
  severity: "error" | "warning" | "info";
  message: string;
  urn?: string;
}

/**
 * A preview, whoever made it: Pulumi's own CLI or the in-process door. All values are JSON, with a text that previews
 * use for unknown values, and with SECRET in place of whatever is secret; nothing behind this type ever saw a secret.
 */
export interface PreviewResult {
  project: string;
  stack: string;
  steps: PreviewStep[];
  diagnostics: Diagnostic[];
  /** Whether it came to its end. If not, what it would have deleted is missing from the steps. */
  failed: boolean;
  /** Where the two sides come from, when it is not a stack's state that the program is held against. */
  comparison?: Comparison;
}

/** A program held against an earlier one of itself, on an embedded cloud. */
export interface Comparison {
  /** As it was given, such as `main`. */
  base: string;
  /** The commit. */
  commit: string;
  /** Things to know when reading it. */
  notes: string[];
}
