import type { IncomingHttpHeaders } from "node:http";
import type { CloudError } from "../../cloud/errors";
import type { Principal } from "./principal";

/**
 * One of Google's REST APIs, as far as the sandbox has it.
 *
 * To add one: write `apis/<service>.ts` with a function that takes what the service works on (the cloud, the delivery)
 * and returns an Api; put the public page that each route's shape is from beside it; and give it to the door
 * (`RestDoor.start({ apis: […] })`, in `sandbox/doors/rest/google-apis.ts` for all doors at once). A handler reads its
 * JSON with `readJson(call, schema)`, asks `call.principal()` who calls and IAM whether that one may
 * (`allow(cloud, …)`), and throws a CloudError to refuse. What no route has is answered by the door: 501, by name.
 */
export interface Api {
  /** As Google's documentation calls it, such as `iamcredentials.googleapis.com`. */
  readonly name: string;
  /** Any of these lets an access token in. Default: cloud-platform. */
  readonly scopes?: readonly string[];
  /** By method and path, such as `POST /v1/projects/{project}/topics/{topic}:publish`; braces stand for one segment. */
  readonly routes: Readonly<Record<string, Handler>>;
  /** How it says no. Default: as all of Google's Cloud APIs do. */
  readonly refusal?: (error: CloudError) => Reply;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

/** One request. */
export interface Call {
  readonly url: URL;
  /** What stands in the path for the names in braces. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Who calls. Throws UNAUTHENTICATED when no valid access token says so, PERMISSION_DENIED when it has none of the API's scopes. */
  readonly principal: () => Principal;
}

/** What is answered: a text, or anything else as JSON. */
export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}
