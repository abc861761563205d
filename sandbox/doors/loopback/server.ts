import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isSystemError } from "../shared/system-error";
import { PortError } from "./port-error";

const LOOPBACK = "127.0.0.1";

/** Answers one request; what it throws is its own matter. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/**
 * Whatever the sandbox serves over HTTP, it serves here: on loopback alone. Host and Origin are checked, so that neither
 * a page in a browser nor a name that was rebound to loopback gets anywhere.
 */
export class LoopbackServer {
  private constructor(
    private readonly server: Server,
    /** As in 127.0.0.1:8085 */
    readonly address: string,
  ) {}

  /** Without a port, on any free one. */
  static async start(port = 0): Promise<LoopbackServer> {
    const server = createServer();
    try {
      server.listen(port, LOOPBACK);
      await once(server, "listening");
    } catch (error) {
      throw occupied(error, port);
    }
    const bound = server.address();
    return new LoopbackServer(
      server,
      `${LOOPBACK}:${typeof bound === "object" && bound !== null ? bound.port : port}`,
    );
  }

  /** Whoever comes from where nobody should is told so by `refuse`. */
  serve(answer: Answer, refuse: (response: ServerResponse, why: string) => void): void {
    this.server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const why = this.#whyNot(request);
      if (why === undefined) void answer(request, response);
      else refuse(response, why);
    });
  }

  /** Where a path is. */
  url(path: string): string {
    return `http://${this.address}${path}`;
  }

  /** It keeps nobody from ending. */
  unref(): void {
    this.server.unref();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  #whyNot({ headers }: IncomingMessage): string | undefined {
    const port = this.address.split(":")[1] ?? "";
    const hosts = [this.address, `localhost:${port}`];
    if (!hosts.includes(headers.host ?? "")) {
      return "The sandbox is addressed as 127.0.0.1 or localhost only.";
    }
    if (headers.origin === undefined || hosts.some((host) => headers.origin === `http://${host}`)) {
      return undefined;
    }
    return `The sandbox takes no orders from pages of ${headers.origin}.`;
  }
}

function occupied(error: unknown, port: number): unknown {
  if (!isSystemError(error, "EADDRINUSE", "EACCES")) return error;
  const why = isSystemError(error, "EADDRINUSE") ? "is in use" : "may not be used";
  return new PortError(
    `Port ${port} on ${LOOPBACK} ${why}. Choose another, or none: then any free one is taken.`,
  );
}
