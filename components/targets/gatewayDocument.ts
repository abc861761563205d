import * as pulumi from "@pulumi/pulumi";
import { audienceLater, audienceOf } from "../wiring/audience";
import type { Check, Fault, Subject } from "../wiring/checks";
import { checked, checkedIfGiven, checkedInside, isPlain, nonEmpty, refuse } from "../wiring/checks";
import { seconds } from "../wiring/durations";
import { completed } from "../wiring/openapi/completing";
import { doorsIn } from "../wiring/openapi/doors";
import type { Dialect } from "../wiring/openapi/reading";
import { documentIn, readDocument } from "../wiring/openapi/reading";
import type { GatewayBackend } from "./gatewayBackend";

/** What tokens a gateway accepts: what callers send, and what they have sent until lately. */
export interface GatewayAudiences {
  /** Checked; nothing when the component decides. */
  readonly declared: pulumi.Input<string> | undefined;
  readonly former: readonly pulumi.Input<string>[];
}

/** An audience goes into a list that the proxy splits at commas. */
const audienceText: Check<string> = (audience) =>
  nonEmpty(audience) ??
  (/[\s,]/.test(audience)
    ? {
        problem: "has a comma or white space, where the proxy would split it",
        remedy: "Use a text without, such as an https address",
      }
    : undefined);

/** The audiences among a gateway's arguments, checked. */
export function gatewayAudiences(
  subject: Subject,
  args: { audience?: pulumi.Input<string>; formerAudiences?: pulumi.Input<string>[] },
): GatewayAudiences {
  return {
    declared: checkedIfGiven(subject, "audience", args.audience, audienceText),
    former: (args.formerAudiences ?? []).map((audience) =>
      checked(subject, "formerAudiences", audience, audienceText),
    ),
  };
}

/** The audience that callers of a gateway send: the declared one, else its managed service's name as an address. */
export function gatewayAudience(
  { declared }: GatewayAudiences,
  managedService: pulumi.Input<string>,
): pulumi.Output<string> {
  return audienceLater("gateway", pulumi.interpolate`https://${managedService}`, declared);
}

/** What a gateway's document is made from. */
export interface DocumentRequest {
  readonly openapi?: pulumi.Input<string>;
  readonly paths?: readonly string[];
  /** What the gateway can read. */
  readonly dialects: readonly Dialect[];
  /** Cloud Endpoints' name of the managed service. */
  readonly host?: pulumi.Input<string>;
  readonly audiences: GatewayAudiences;
  /** What callers send. */
  readonly audience: pulumi.Output<string>;
  readonly backend: GatewayBackend;
  readonly timeout: pulumi.Input<string>;
}

/** The document of a gateway: the user's own, completed, or one that serves the given paths or all. */
export function gatewayDocument(subject: Subject, request: DocumentRequest): pulumi.Output<string> {
  const { openapi, paths = [], host, audience, audiences, backend, timeout } = request;
  checkTogether(subject, openapi, paths);
  const text = openapi === undefined ? undefined : checkedDocument(subject, openapi, request);
  return pulumi
    .all([text, host, audience, pulumi.all([...audiences.former]), backend.url, backend.audience, timeout])
    .apply(([known, name, current, former, url, declared, duration]) => {
      const accepted = [...new Set([current, ...former])];
      if (known !== undefined) refuseFirst(subject, faultIn(known, accepted));
      return completed(known, paths, {
        ...(name === undefined ? {} : { host: name }),
        audiences: accepted,
        backend: {
          address: new URL(url).origin,
          audience: audienceOf("run", { url, declared }),
          deadline: seconds(duration),
        },
      });
    });
}

function checkTogether(
  subject: Subject,
  openapi: pulumi.Input<string> | undefined,
  paths: readonly string[],
): void {
  if (openapi !== undefined && paths.length > 0) {
    refuse(subject, "paths", paths, {
      problem: "are given beside a document of your own",
      remedy: "Write them in the document, or leave it out",
    });
  }
  const wrong = paths.find((path) => !PATH.test(path));
  if (wrong !== undefined) {
    refuse(subject, "paths", wrong, {
      problem: "is not a path",
      remedy: 'Write it as OpenAPI does: "/orders/{order}", or "/orders/{rest=**}" for all below',
    });
  }
}

// https://cloud.google.com/api-gateway/docs/path-templating
const PATH =
  /^\/([^\s?#{}*/]+|\{[A-Za-z_]\w*(=\*)?\})?(\/([^\s?#{}*/]+|\{[A-Za-z_]\w*(=\*)?\}))*(\/?\{[A-Za-z_]\w*=\*\*\})?$/;

/** At once as far as the document is known at once; what it says of audiences when these are known. */
function checkedDocument(
  subject: Subject,
  openapi: pulumi.Input<string>,
  { dialects, audiences }: DocumentRequest,
): pulumi.Input<string> {
  const read = checked(subject, "openapi", openapi, documentIn(dialects));
  const { declared, former } = audiences;
  const plain = declared === undefined ? [] : [declared, ...former].filter((each) => isPlain(each));
  const known = plain.length === former.length + 1 ? plain : undefined;
  return checkedInside(subject, read, (text) => faultIn(text, known));
}

function faultIn(text: string, audiences: readonly string[] | undefined): Fault | undefined {
  const reading = readDocument(text);
  const [door] = reading === undefined ? [] : doorsIn(reading, audiences);
  return door === undefined ? undefined : { ...door, property: `openapi.${door.place}` };
}

function refuseFirst(subject: Subject, fault: Fault | undefined): void {
  if (fault !== undefined) refuse(subject, fault.property, fault.value, fault);
}
