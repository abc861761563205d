import type { HttpResponse } from "./http";

/** Why a request does not reach the code behind a target. */
export type RefusalCase =
  | "no credential"
  | "empty credential"
  | "invalid token"
  | "several credentials"
  | "no permission"
  | "ingress"
  | "url disabled"
  | "health path"
  | "iap: no credential"
  | "iap: invalid token"
  | "iap: no permission"
  | "iap: agent refused"
  | "nothing there"
  | "not https"
  | "no instance"
  | "not modelled";

export interface Refusal {
  status: number;
  page?: Page;
  /** Instead of a page: what is said before the reason. */
  text?: string;
  headers?: Record<string, string>;
  /** What Google writes to Cloud Logging. */
  log?: string;
  /** What of the row has no documented source. */
  assumed?: string;
}

interface Page {
  title: string;
  error: string;
  /** `<path>` stands for the path of the request. */
  text: string;
}

const FORBIDDEN: Page = {
  title: "403 Forbidden",
  error: "Error: Forbidden",
  text: "Your client does not have permission to get URL <code><path></code> from this server.",
};
const UNAUTHORIZED: Page = {
  title: "401 Unauthorized",
  error: "Error: Unauthorized",
  text: "Your client does not have permission to the requested URL <code><path></code>.",
};
const NOT_FOUND: Page = {
  title: "404 Page not found",
  error: "Error: Page not found",
  text: "The requested URL was not found on this server.",
};
const NO_INSTANCE = "The request was aborted because there was no available instance.";

const CHALLENGE = {
  "www-authenticate":
    'Bearer error="invalid_token" error_description="The access token could not be verified"',
};
const NOT_AUTHENTICATED =
  "The request was not authenticated. Either allow unauthenticated invocations or set the proper Authorization header.";
const NOT_AUTHORIZED =
  "The request was not authorized to invoke this service. The access token could not be verified.";

// Seen in reports from live services: github.com/flyteorg/flyte/issues/6089, .../epinio/epinio/issues/2560,
// .../GoogleCloudPlatform/professional-services/issues/603
const BY_IAP = {
  text: "Invalid IAP credentials: ",
  headers: { "content-type": "text/html", "x-goog-iap-generated-response": "true" },
};

/**
 * Status, header, text and log of every refusal.
 * https://docs.cloud.google.com/run/docs/troubleshooting, https://docs.cloud.google.com/run/docs/securing/ingress
 */
export const REFUSALS: Readonly<Record<RefusalCase, Refusal>> = {
  "no credential": { status: 403, page: FORBIDDEN, log: NOT_AUTHENTICATED },
  "empty credential": {
    status: 403,
    page: FORBIDDEN,
    log: `${NOT_AUTHENTICATED} Empty Authorization header value.`,
  },
  "invalid token": { status: 401, page: UNAUTHORIZED, headers: CHALLENGE, log: NOT_AUTHORIZED },
  "several credentials": {
    status: 401,
    page: UNAUTHORIZED,
    headers: CHALLENGE,
    log: NOT_AUTHORIZED,
    assumed: "the status is documented; header and texts are taken to be those of an invalid token",
  },
  "no permission": {
    status: 403,
    page: FORBIDDEN,
    log: NOT_AUTHENTICATED,
    assumed: "the status and texts are documented; that there is no WWW-Authenticate header is not",
  },
  // Neither of these two is seen in Cloud Logging.
  ingress: { status: 404, page: NOT_FOUND, assumed: "the status is documented, the text of the page is not" },
  "url disabled": {
    status: 404,
    page: NOT_FOUND,
    assumed: "the status is documented, the text of the page is not",
  },
  // Google's front end answers by itself. https://cloud.google.com/run/docs/known-issues
  "health path": {
    status: 404,
    page: NOT_FOUND,
    assumed: "the status is reported from a live service, the text of the page is not",
  },
  // https://docs.cloud.google.com/iap/docs/faq: 401 to a POST, and to a GET the way to the sign-in page.
  "iap: no credential": {
    status: 401,
    ...BY_IAP,
    assumed:
      "that every method is answered 401; to a GET from a browser Google answers 302, to its sign-in page",
  },
  "iap: invalid token": { status: 401, ...BY_IAP },
  "iap: no permission": {
    status: 403,
    page: { title: "403 Forbidden", error: "Access denied", text: "You don't have access." },
    headers: { "x-goog-iap-generated-response": "true" },
    assumed: "the page that IAP shows is not documented",
  },
  "iap: agent refused": {
    status: 403,
    page: FORBIDDEN,
    log: NOT_AUTHENTICATED,
    assumed:
      "how it is answered when the service does not let IAP's agent in is not documented; taken to be Run's 403",
  },
  "nothing there": { status: 404, page: NOT_FOUND, assumed: "the text of the page is not documented" },
  "not https": {
    status: 302,
    assumed: "that the caller is redirected is documented, with which status is not",
  },
  "no instance": {
    status: 500,
    page: { title: "500 Server Error", error: "Error: Server Error", text: NO_INSTANCE },
    log: NO_INSTANCE,
    assumed: "Google answers 429 or 500; the sandbox always 500",
  },
  "not modelled": {
    status: 501,
    page: {
      title: "501 Not Implemented",
      error: "Error: Not modelled",
      text: "This sandbox does not model this address of Google's.",
    },
  },
};

/** The response that a refused caller gets. `says`: what is wrong, where the row has a text and no page. */
export function refuse(
  kind: RefusalCase,
  path: string,
  headers: Record<string, string> = {},
  says = "",
): HttpResponse {
  const { status, page, text, headers: own } = REFUSALS[kind];
  return {
    status,
    headers: { ...(page && { "content-type": "text/html; charset=UTF-8" }), ...own, ...headers },
    body: page ? html(page, path) : text === undefined ? "" : `${text}${says}`,
  };
}

function html({ title, error, text }: Page, path: string): string {
  return `
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>${title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>${error}</h1>
<h2>${text.replace("<path>", () => escape(path))}</h2>
<h2></h2>
</body></html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}
