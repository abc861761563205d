import { lettersOf } from "./identifiers";
import { regionCode } from "./regions";

const LONGEST_LABEL = 63;

/**
 * The addresses of a Run service: the deterministic one, if its first label is short enough, and the older one with a hash
 * of the project. cloud.google.com/run/docs/triggering/https-request
 */
export function runUrls(project: { number: string }, location: string, name: string): string[] {
  const label = `${name}-${project.number}`;
  const hashed = hashUrl(project, location, name);
  return label.length <= LONGEST_LABEL ? [`https://${label}.${location}.run.app`, hashed] : [hashed];
}

/** Which of the two forms the API gives as `uri` is an open point; this one every service has. */
export function hashUrl(project: { number: string }, location: string, name: string): string {
  const hash = lettersOf(`run.app ${project.number}`, 10);
  return `https://${name}-${hash}-${regionCode(location) ?? location}.a.run.app`;
}

/** docs.cloud.google.com/functions/docs/securing/authenticating */
export function cloudFunctionsUrl(project: { id: string }, location: string, name: string): string {
  return `https://${location}-${project.id}.cloudfunctions.net/${name}`;
}
