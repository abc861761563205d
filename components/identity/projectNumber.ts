import * as organizations from "@pulumi/gcp/organizations";
import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { checked, isPlain, refuse } from "../wiring/checks";

/** Where a project's number comes from. */
export interface ProjectNumberRequest {
  readonly subject: Subject;
  /** The argument that gives the number, and what it gives. */
  readonly property: string;
  readonly number?: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  readonly parent: pulumi.ComponentResource;
}

/** The number that Google's agents have in their addresses: the one that is given, or that of a project named in plain text. */
export function projectNumber(request: ProjectNumberRequest): pulumi.Input<string> {
  const { subject, property, number, project, parent } = request;
  if (number !== undefined) {
    return checked(subject, property, number, (value) =>
      /^\d+$/.test(value)
        ? undefined
        : { problem: "is not a project's number", remedy: "Give the number, not the project's id" },
    );
  }
  if (project !== undefined && !isPlain(project)) {
    refuse(subject, property, undefined, {
      problem:
        "is missing, and cannot be looked up with a project that is an output without hiding every grant to an agent in previews",
      remedy: 'Give gcp.organizations.getProjectOutput({ projectId: "…" }).number, with the plain project id',
    });
  }
  return organizations.getProjectOutput({ projectId: project }, { parent }).number;
}
