import type { HttpRequest, HttpResponse } from "../../ingress/http";
import type { Answered } from "../send";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const KEEPS_METHOD = new Set([307, 308]);
const MOST_REDIRECTS = 10;

/**
 * Redirects are followed, and the final response counts. How is not documented; the sandbox does as browsers and
 * HTTP libraries do: 301 to 303 become a GET, and a token is not carried to another host.
 */
export async function following(
  send: (request: HttpRequest) => Promise<Answered>,
  request: HttpRequest,
): Promise<Answered> {
  let current = request;
  let answered = await send(current);
  for (let followed = 0; followed < MOST_REDIRECTS; followed++) {
    const next = redirected(current, answered.response);
    if (next === undefined) return answered;
    current = next;
    answered = await send(current);
  }
  return answered;
}

function redirected(request: HttpRequest, response: HttpResponse): HttpRequest | undefined {
  const location = Object.entries(response.headers).find(([name]) => name.toLowerCase() === "location")?.[1];
  if (!REDIRECTS.has(response.status) || location === undefined || !URL.canParse(location, request.url)) {
    return undefined;
  }
  const url = new URL(location, request.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const sameHost = url.hostname === new URL(request.url).hostname;
  const keep = KEEPS_METHOD.has(response.status) || request.method === "HEAD";
  return {
    method: keep ? request.method : "GET",
    url: url.href,
    headers: request.headers.filter(
      ([name]) =>
        (sameHost || name.toLowerCase() !== "authorization") &&
        (keep || name.toLowerCase() !== "content-type"),
    ),
    body: keep ? request.body : "",
  };
}
