import type { IncomingMessage, ServerResponse } from "node:http";
import { CloudError } from "../../cloud/errors";
import type { Api, Call, Reply } from "./api";
import { type Authenticate, nobody } from "./principal";
import { refusal } from "./refusal";
import { Routes } from "./routes";

/** In bytes; more than any request that is modelled may have. */
const LONGEST_BODY = 10 * 1024 * 1024;

/** Answers what is asked of Google's APIs, whichever server it comes through. */
export class RestApis {
  readonly #routes: Routes;
  readonly #authenticate: Authenticate;

  /** Without `authenticate`, nobody is known. */
  constructor(apis: readonly Api[], authenticate: Authenticate = nobody) {
    this.#routes = new Routes(apis);
    this.#authenticate = authenticate;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    send(response, await this.#reply(request));
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    let api: Api | undefined;
    try {
      const url = urlOf(request);
      const found = this.#routes.find(request.method ?? "", url.pathname);
      api = found.api;
      // Node's plain headers have the first of several only.
      const { headers, headersDistinct: all } = request;
      const call: Call = {
        url,
        headers,
        params: found.params,
        body: await bodyOf(request),
        principal: () => this.#authenticate(all.authorization ?? [], found.api),
      };
      return await found.handler(call);
    } catch (error) {
      return (api?.refusal ?? refusal)(asCloudError(error));
    }
  }
}

export function send(response: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  const text = typeof body === "string" ? body : `${JSON.stringify(body, undefined, 2)}\n`;
  const type = typeof body === "string" ? "text/plain; charset=UTF-8" : "application/json; charset=UTF-8";
  response.writeHead(status, { "Content-Type": type, ...headers }).end(text);
}

function urlOf({ url = "/", headers }: IncomingMessage): URL {
  const whole = `http://${headers.host ?? "127.0.0.1"}${url}`;
  if (!url.startsWith("/") || !URL.canParse(whole)) {
    throw new CloudError("INVALID_ARGUMENT", `"${url}" is not a path.`);
  }
  return new URL(whole);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `The body has more than ${LONGEST_BODY} bytes, which no request needs.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function asCloudError(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  return new CloudError("INTERNAL", error instanceof Error ? error.message : String(error));
}
