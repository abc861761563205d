import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, LoopbackServer } from "../doors/loopback/server";

export type Handler = (request: { url: URL; response: ServerResponse }) => void | Promise<void>;

export type Routes = (route: string) => Handler | undefined;

/** The address at which a sandbox is controlled, for whoever knows the secret. No page in a browser does. */
export class Control {
  readonly secret = randomBytes(32).toString("base64url");

  private constructor(
    private readonly server: LoopbackServer,
    private readonly routes: Routes,
    private readonly others: Answer | undefined,
  ) {}

  /** Without a port, on any free one. Routes are written like "POST /lease". What is no route is left to the others. */
  static async start(routes: Routes, port = 0, others?: Answer): Promise<Control> {
    const control = new Control(await LoopbackServer.start(port), routes, others);
    control.server.serve(
      (request, response) => control.#answer(request, response),
      (response, why) => {
        answer(response, 403, why);
      },
    );
    return control;
  }

  get address(): string {
    return this.server.address;
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${this.address}`);
    const route = `${request.method ?? ""} ${url.pathname}`;
    const handler = this.routes(route);
    if (handler === undefined && this.others !== undefined) {
      await this.others(request, response);
      return;
    }
    if (!this.#knowsTheSecret(request)) {
      answer(response, 401, "The sandbox takes orders from those only who know its secret.");
      return;
    }
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

  #knowsTheSecret({ headers }: IncomingMessage): boolean {
    const given = Buffer.from(headers.authorization ?? "");
    const wanted = Buffer.from(`Bearer ${this.secret}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
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
