import { CloudError } from "../../cloud/errors";
import { LoopbackServer } from "../loopback/server";
import type { Api } from "./api";
import type { Authenticate } from "./principal";
import { refusal } from "./refusal";
import { RestApis, send } from "./rest-apis";

export interface RestDoorOptions {
  apis: readonly Api[];
  /** Finds who calls. Default: nobody is known. `authenticator(cloud)` knows the cloud's own access tokens. */
  authenticate?: Authenticate;
  /** Default: any free one. */
  port?: number;
}

/** Google's REST APIs on loopback: all under one address, which stands for `oauth2.googleapis.com` and the others. */
export class RestDoor {
  private constructor(private readonly server: LoopbackServer) {}

  static async start({ apis, authenticate, port }: RestDoorOptions): Promise<RestDoor> {
    const rest = new RestApis(apis, authenticate);
    const server = await LoopbackServer.start(port);
    server.serve(
      (request, response) => rest.answer(request, response),
      (response, why) => {
        send(response, refusal(new CloudError("PERMISSION_DENIED", why)));
      },
    );
    // It keeps nobody from ending.
    server.unref();
    return new RestDoor(server);
  }

  /** As in 127.0.0.1:8085 */
  get address(): string {
    return this.server.address;
  }

  /** Where a path is, such as /token. */
  url(path = ""): string {
    return this.server.url(path);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }
}
