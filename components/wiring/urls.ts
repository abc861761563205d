import type { Check } from "./checks";

/** A check that a token sent to this address stays between the two ends. */
export const httpsUrl: Check<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) {
    return { problem: "is not an address", remedy: "Give a whole one, such as https://example.com/tasks" };
  }
  if (url.protocol !== "https:") {
    return {
      problem: "is not https; a token sent in clear text can be stolen",
      remedy: "Use the https address",
    };
  }
  if (url.username !== "" || url.password !== "") {
    return { problem: "carries a user name or password", remedy: "Take it out; the token says who calls" };
  }
  if (url.search !== "" || url.hash !== "") {
    return {
      problem: "has a query or a fragment",
      remedy: "Give these to the source as `query`, so that they never become part of the audience",
    };
  }
  return undefined;
};

/** Whether an address is one of Google's own APIs: those take access tokens, and nobody else should get one. */
export function isGoogleApi(url: string): boolean {
  return URL.canParse(url) && /(^|\.)googleapis\.com\.?$/.test(new URL(url).hostname);
}

/**
 * A check that an address is one that may be sent an access token, which lets whoever holds it do all that its account
 * may. https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#OAuthToken
 */
export const googleApiUrl: Check<string> = (value) => {
  const found = httpsUrl(value);
  if (found !== undefined) return found;
  const { hostname, port } = new URL(value);
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.googleapis\.com$/.test(hostname) && port === ""
    ? undefined
    : {
        problem:
          "is none of Google's APIs (https://….googleapis.com); whoever gets an access token can use it for all that its account may",
        remedy:
          "Send a service of your own an id_token: a target with an audience, which authorize(caller) of its component returns",
      };
};

/** Where a Cloud Run job is run. https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run */
export function runJobUrl(project: string, region: string, job: string): string {
  return `https://run.googleapis.com/v2/projects/${project}/locations/${region}/jobs/${job}:run`;
}

/** A check of the path that a source adds to its target's address. */
export const requestPath: Check<string> = (path) => {
  if (typeof path !== "string") return { problem: "is no text", remedy: 'Give a path, such as "/close"' };
  if (/[?#\s]/.test(path)) {
    return {
      problem: "has a query, a fragment or white space",
      remedy: "Give parameters as `query`; encode the rest",
    };
  }
  if (path.includes("\\")) {
    return { problem: "has a backslash, which stands for / in an address", remedy: "Write /, or %5C" };
  }
  // Encoded or not, they are the same: https://url.spec.whatwg.org/#double-dot-path-segment
  if (path.split(/\/|%2f|%5c/i).some((part) => /^(\.|%2e){1,2}$/i.test(part))) {
    return { problem: "climbs out of the target's address", remedy: "Write the path without . and .. in it" };
  }
  return path.includes("//")
    ? { problem: "has an empty part", remedy: "Write it with single slashes" }
    : undefined;
};

/** The address that is called: the target's, then the path, then the parameters. Never used for the audience. */
export function joinUrl(url: string, path?: string, query?: Readonly<Record<string, string>>): string {
  const base =
    path === undefined || path === "" ? url : `${url.replace(/\/$/, "")}/${path.replace(/^\//, "")}`;
  const parameters = new URLSearchParams(Object.entries(query ?? {})).toString();
  return parameters === "" ? base : `${base}?${parameters}`;
}
