import type { TokenIssuer } from "../cloud/tokens/token-issuer";
import { CERTIFICATES, JWKS, keysApi } from "../doors/rest/apis/keys";
import { RestDoor } from "../doors/rest/rest-door";

/** Serves the public keys of the sandbox, and nothing else, for apps that verify tokens themselves. */
export class KeyServer {
  private constructor(private readonly door: RestDoor) {}

  /** Without a port, on any free one. */
  static async start(tokens: Pick<TokenIssuer, "jwks" | "pem">, port = 0): Promise<KeyServer> {
    return new KeyServer(await RestDoor.start({ apis: [keysApi(tokens)], port }));
  }

  /** Where the certificates are, by key id. */
  get certificates(): string {
    return this.door.url(CERTIFICATES);
  }

  /** Where the JSON Web Key Set is. */
  get jwks(): string {
    return this.door.url(JWKS);
  }

  async stop(): Promise<void> {
    await this.door.stop();
  }
}
