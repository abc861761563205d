import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { HostError } from "./host-error";
import { isSystemError } from "./system-error";

const LOOPBACK = "127.0.0.1";

export type Handler = (request: { url: URL; response: ServerResponse }) => void | Promise<void>;

export type Routes = (route: string) => Handler | undefined;

/**
 * The address at which a sandbox is controlled: on loopback, for whoever knows the secret. No page in a browser does;
 * Host and Origin are checked all the same, so that a name that was rebound to loopback gets nowhere.
 */
export class Control {
  readonly secret = randomBytes(32).toString("base64url");

  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  /** Without a port, on any free one. Routes are written like "POST /lease". */
  static async start(routes: Routes, port = 0): Promise<Control> {
    const server = createServer();
    try {
      server.listen(port, LOOPBACK);
      await once(server, "listening");
    } catch (error) {
      throw occupied(error, port);
    }
    const bound = server.address();
    const control = new Control(
      server,
      `${LOOPBACK}:${typeof bound === "object" && bound !== null ? bound.port : port}`,
    );
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void control.#answer(routes, request, response);
    });
    return control;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  async #answer(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      answer(response, ...refusal);
      return;
    }
    const url = new URL(request.url ?? "/", `http://${this.address}`);
    const route = `${request.method ?? ""} ${url.pathname}`;
    const handler = routes(route);
    if (handler === undefined) {
      answer(response, 404, `The sandbox has no ${route}.`);
      return;
    }
    try {
      await handler({ url, response });
    } catch (error) {
      answer(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  #refusal({ headers }: IncomingMessage): [status: number, why: string] | undefined {
    const port = this.address.split(":")[1] ?? "";
    const hosts = [this.address, `localhost:${port}`];
    if (!hosts.includes(headers.host ?? ""))
      return [403, "The sandbox is addressed as 127.0.0.1 or localhost only."];
    if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`)) {
      return [403, `The sandbox takes no orders from pages of ${headers.origin}.`];
    }
    const given = Buffer.from(headers.authorization ?? "");
    const wanted = Buffer.from(`Bearer ${this.secret}`);
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined;
    return [401, "The sandbox takes orders from those only who know its secret."];
  }
}

export function answer(response: ServerResponse, status: number, content: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = typeof content === "string" ? content : JSON.stringify(content);
  response.writeHead(status, {
    "Content-Type": typeof content === "string" ? "text/plain" : "application/json",
  });
  response.end(`${text}\n`);
}

function occupied(error: unknown, port: number): unknown {
  if (!isSystemError(error, "EADDRINUSE", "EACCES")) return error;
  const why = isSystemError(error, "EADDRINUSE") ? "is in use" : "may not be used";
  return new HostError(
    `Port ${port} on ${LOOPBACK} ${why}. Choose another with --port, or leave --port out: then any free one is taken.`,
  );
}
