import { request as httpRequest, type IncomingMessage } from "node:http";
import type { HttpRequest, HttpResponse } from "../ingress/http";
import { LOOPBACK } from "./free-port";

/** https://cloud.google.com/run/quotas: the longest response without streaming. */
const LONGEST_RESPONSE = 32 * 1024 * 1024;

/** Of the connection from Google's front end to the code, not of the request. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"]);

/** Statuses and texts of https://docs.cloud.google.com/run/docs/troubleshooting */
const FAILURES = {
  "too late": {
    status: 504,
    body: "The request has been terminated because it has reached the maximum request timeout.",
  },
  "connection lost": {
    status: 503,
    body: "The request failed because either the HTTP response was malformed or connection to the instance had an error.",
  },
  "too long": { status: 500, body: "Response size was too large. Please consider reducing response size." },
} as const;

/** Hands a request over to an app on this machine, and gives back its answer or, when it has none, Google's. */
export async function forward(
  request: HttpRequest,
  { port, timeout }: { port: number; timeout: number },
): Promise<HttpResponse> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const incoming = await send(request, port, signal);
    return {
      status: incoming.statusCode ?? 0,
      headers: joined(incoming.headersDistinct),
      body: await bodyOf(incoming),
    };
  } catch (error) {
    if (signal.aborted) return failure("too late");
    return failure(error instanceof RangeError ? "too long" : "connection lost");
  }
}

async function send(request: HttpRequest, port: number, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(request.url);
  const body = Buffer.from(request.body, "utf8");
  return new Promise((resolve, reject) => {
    httpRequest({
      host: LOOPBACK,
      port,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      // Pairs, so that repeated headers stay repeated.
      headers: headersFor(request, url, body.length) as unknown as string[],
      agent: false,
      signal,
    })
      .on("response", resolve)
      .on("error", reject)
      .end(body);
  });
}

function headersFor({ headers, method }: HttpRequest, url: URL, length: number): string[][] {
  const kept = headers.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())).map((pair) => [...pair]);
  const has = (wanted: string): boolean => kept.some(([name]) => name?.toLowerCase() === wanted);
  if (!has("host")) kept.push(["Host", url.host]);
  if (length > 0 || !["GET", "HEAD", "DELETE", "OPTIONS"].includes(method)) {
    kept.push(["Content-Length", String(length)]);
  }
  return [...kept, ["Connection", "close"]];
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST_RESPONSE) throw new RangeError("response too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function joined(headers: NodeJS.Dict<string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values = []]) => [name, values.join(", ")]));
}

function failure(kind: keyof typeof FAILURES): HttpResponse {
  const { status, body } = FAILURES[kind];
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${body}\n` };
}
