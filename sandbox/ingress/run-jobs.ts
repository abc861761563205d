import type { Cloud } from "../cloud/cloud";
import { runJobName } from "../cloud/names";
import { beginExecution, RUN_JOB } from "../cloud/resources/run-job";
import { hexOf } from "../cloud/resources/identifiers";
import { isProps } from "../cloud/resources/values";
import type { ApiCall, Unmodelled } from "./google-apis";
import type { HttpRequest } from "./http";
import { faultOf, readRunJob, unmodelledIn } from "./run-job-request";

const PATH = /^\/v2\/projects\/([^/]+)\/locations\/([^/]+)\/jobs\/([^/:]+):run$/;

/**
 * `projects.locations.jobs.run`, if the request asks for that. It is on run.googleapis.com over https alone: what answers
 * on other hosts, such as the regional ones, is an older version of the API, which is not modelled.
 */
export function runJobApi(cloud: Cloud, request: HttpRequest, url: URL): ApiCall | Unmodelled | undefined {
  const [, project = "", location = "", job = ""] = PATH.exec(url.pathname) ?? [];
  if (
    job === "" ||
    url.host !== "run.googleapis.com" ||
    url.protocol !== "https:" ||
    request.method !== "POST"
  ) {
    return undefined;
  }
  const body = readRunJob(request.body);
  const unmodelled = unmodelledIn(body, url);
  if (unmodelled.length > 0) return { unmodelled };
  const owner = cloud.projects.get(project)?.id ?? project;
  const id = `projects/${owner}/locations/${location}/jobs/${job}`;
  return {
    service: "run.googleapis.com",
    project: owner,
    target: { kind: "run-job", fullName: runJobName(owner, location, job) },
    // docs.cloud.google.com/run/docs/execute/jobs
    permissions: [
      "run.jobs.run",
      ...(isProps(body) && body.overrides !== undefined ? ["run.jobs.runWithOverrides"] : []),
    ],
    fault: faultOf(body, cloud.store.get(RUN_JOB, id)),
    carryOut: () => {
      const stored = cloud.store.get(RUN_JOB, id);
      if (stored === undefined) return undefined;
      const { name } = beginExecution(cloud, stored);
      return {
        status: 200,
        body: operation(`${id}/executions/${name}`, `projects/${owner}/locations/${location}`),
        reason: `Execution ${name} has begun; the sandbox records it and runs nothing.`,
      };
    },
  };
}

/** docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.operations */
function operation(execution: string, place: string): unknown {
  const metadata = { "@type": "type.googleapis.com/google.cloud.run.v2.Execution", name: execution };
  return { name: `${place}/operations/${hexOf(execution, 32)}`, metadata };
}
