import { createHash } from "node:crypto";
import type { ProjectKind, ProjectSpec } from "./projects";

/**
 * What a new project has, and what the README asks for by hand; the program enables the rest.
 * https://docs.cloud.google.com/service-usage/docs/enabled-service
 */
const APIS = [
  "cloudapis",
  "cloudresourcemanager",
  "logging",
  "monitoring",
  "servicemanagement",
  "serviceusage",
  "storage-api",
  "storage-component",
].map((name) => `${name}.googleapis.com`);

/** A project as its owner finds it on the first day. */
export function newProject(
  id: string,
  { number, kind }: { number?: string; kind: ProjectKind },
): ProjectSpec {
  return { id, number: number ?? numberOf(id), kind, apis: APIS };
}

/** Looks like a project's number, and is the same in every run. */
function numberOf(id: string): string {
  const hash = BigInt(`0x${createHash("sha256").update(id).digest("hex")}`);
  return `1${(hash % 10n ** 11n).toString().padStart(11, "0")}`;
}
