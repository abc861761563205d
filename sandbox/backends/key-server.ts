import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { TokenIssuer } from "../cloud/tokens/token-issuer";
import { AppError } from "./app-error";
import { LOOPBACK } from "./free-port";

/**
 * Serves the public keys of the sandbox at the paths where Google has its own (on www.googleapis.com), on loopback, for
 * apps that verify tokens themselves.
 */
export class KeyServer {
  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  /** Without a port, on any free one. */
  static async start(tokens: Pick<TokenIssuer, "jwks" | "pem">, port = 0): Promise<KeyServer> {
    const documents: Readonly<Record<string, () => Promise<unknown>>> = {
      "/oauth2/v1/certs": () => tokens.pem(),
      "/oauth2/v3/certs": () => tokens.jwks(),
    };
    const server = createServer((request, response) => {
      const document = documents[request.url ?? ""];
      if (document === undefined || request.method !== "GET") {
        response.writeHead(404).end();
        return;
      }
      void document().then((content) => {
        const headers = {
          "Content-Type": "application/json; charset=UTF-8",
          "Cache-Control": "public, max-age=3600",
        };
        response.writeHead(200, headers).end(JSON.stringify(content));
      });
    });
    try {
      server.listen(port, LOOPBACK);
      await once(server, "listening");
      // It keeps nobody from ending.
      server.unref();
    } catch (error) {
      throw occupied(error, port);
    }
    const address = server.address();
    return new KeyServer(server, typeof address === "object" && address !== null ? address.port : port);
  }

  /** Where the certificates are, by key id. */
  get certificates(): string {
    return `http://${LOOPBACK}:${this.port}/oauth2/v1/certs`;
  }

  /** Where the JSON Web Key Set is. */
  get jwks(): string {
    return `http://${LOOPBACK}:${this.port}/oauth2/v3/certs`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

function occupied(error: unknown, port: number): unknown {
  if (typeof error !== "object" || error === null || !("code" in error)) return error;
  if (error.code !== "EADDRINUSE" && error.code !== "EACCES") return error;
  const why = error.code === "EADDRINUSE" ? "is in use" : "may not be used";
  return new AppError(
    `Port ${port} on ${LOOPBACK} ${why}. Choose another, or none: then any free one is taken.`,
  );
}
