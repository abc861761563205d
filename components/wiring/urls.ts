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

/** A check of the path that a source adds to its target's address. */
export const requestPath: Check<string> = (path) => {
  if (/[?#\s]/.test(path)) {
    return {
      problem: "has a query, a fragment or white space",
      remedy: "Give parameters as `query`; encode the rest",
    };
  }
  if (path.split("/").some((part) => part === ".." || part === ".")) {
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
