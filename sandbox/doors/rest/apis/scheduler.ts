import { z } from "zod/mini";
import type { Cloud } from "../../../cloud/cloud";
import { CloudError } from "../../../cloud/errors";
import { jobName, projectName } from "../../../cloud/names";
import type { StoredResource } from "../../../cloud/store";
import { JOB, type JobState } from "../../../delivery/scheduler/job";
import { allow } from "../allow";
import type { Api, Call } from "../api";
import { calledProject } from "../called-project";
import { paged, PAGES } from "../paged";
import { readJson } from "../read-json";
import { requireParameters } from "../require-parameters";

const NAME = "cloudscheduler.googleapis.com";
const JOBS = "/v1/projects/{project}/locations/{location}/jobs";

type Job = StoredResource<JobState & { description?: string; state?: string }>;

/**
 * The part of Cloud Scheduler that reads jobs and runs them. They are made, changed, paused and resumed as resources.
 * https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
 */
export function schedulerApi(cloud: Cloud, run: (id: string) => Promise<unknown>): Api {
  const job = (call: Call, permission: string): Job => {
    const { project, location = "", job: name = "" } = permitted(cloud, call, permission);
    requireParameters(call);
    const found = cloud.store.get<Job["state"]>(
      JOB,
      `projects/${project}/locations/${location}/jobs/${name}`,
    );
    if (found !== undefined) return found;
    // Assumed: the status is documented, the words are not.
    throw new CloudError("NOT_FOUND", "Job not found.");
  };
  return {
    name: NAME,
    // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/run
    scopes: ["https://www.googleapis.com/auth/cloud-scheduler"],
    routes: {
      [`GET ${JOBS}`]: (call) => {
        const { project, location = "" } = permitted(cloud, call, "cloudscheduler.jobs.list");
        requireParameters(call, ...PAGES);
        const start = `projects/${project}/locations/${location}/jobs/`;
        const jobs = cloud.store.list<Job["state"]>(JOB).filter(({ id }) => id.startsWith(start));
        // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/list
        const { page, nextPageToken } = paged(call, jobs, 500);
        return { body: { jobs: page.map(jobJson), nextPageToken } };
      },
      [`GET ${JOBS}/{job}`]: (call) => ({ body: jobJson(job(call, "cloudscheduler.jobs.get")) }),
      [`POST ${JOBS}/{job}:run`]: (call) => {
        const found = job(call, "cloudscheduler.jobs.run");
        readJson(call, z.strictObject({ name: z.optional(z.string()) }));
        // The answer does not wait for the job's target.
        run(found.id).catch(() => undefined);
        return { body: jobJson(found) };
      },
    },
  };
}

/** What the path says, with the project's id, if whoever calls may. A list is of the whole project. */
function permitted(cloud: Cloud, call: Call, permission: string): Call["params"] & { project: string } {
  const principal = call.principal();
  const project = calledProject(cloud, call, { name: NAME });
  const { location = "", job } = call.params;
  const on = job === undefined ? projectName(project) : jobName(project, location, job);
  allow(cloud, principal, permission, on);
  return { ...call.params, project };
}

/** Of what Google tells of a job, this is what the sandbox knows. */
function jobJson({ id, state }: Job): object {
  const { description, schedule, timeZone, httpTarget, retryConfig, attemptDeadline } = state;
  const said = { description, schedule, timeZone, httpTarget, retryConfig, attemptDeadline };
  return { name: id, ...said, state: state.state };
}
