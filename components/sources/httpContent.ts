import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { checked, refuse } from "../wiring/checks";

/**
 * Headers that Cloud Scheduler or Cloud Tasks sets itself, or that are part of the token. What Scheduler does with an
 * Authorization header beside a token is documented nowhere, so none is let through.
 * https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget,
 * https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#HttpTarget
 */
const RESERVED =
  /^(authorization|x-serverless-authorization|host|content-length|user-agent|x-cloudscheduler.*|x-cloudtasks.*|x-google-.*|x-appengine-.*)$/i;

/** https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A body as Google takes it, and what it is. */
export interface RequestBody {
  /** In base64. */
  readonly body?: pulumi.Output<string>;
  readonly contentType?: pulumi.Output<string>;
}

/** The body as Google takes it, and the content type that goes with it. */
export function requestBody(body: unknown): RequestBody {
  return body === undefined ? {} : encoded(body);
}

function encoded(body: unknown): RequestBody {
  const content = pulumi.output(body as pulumi.Input<object>).apply((value: unknown) => contentOf(value));
  return {
    body: content.apply(({ text }) => Buffer.from(text, "utf8").toString("base64")),
    contentType: content.apply(({ type }) => type),
  };
}

function contentOf(value: unknown): { text: string; type: string } {
  return typeof value === "string"
    ? { text: value, type: "text/plain; charset=utf-8" }
    : { text: JSON.stringify(value), type: "application/json" };
}

/** The headers, without those that are not the program's to set. */
export function requestHeaders(
  subject: Subject,
  headers: Readonly<Record<string, pulumi.Input<string>>> | undefined,
  contentType: pulumi.Output<string> | undefined,
): Record<string, pulumi.Input<string>> | undefined {
  const given = Object.entries(headers ?? {}).map(([name, value]) => {
    if (!HEADER_NAME.test(name)) {
      refuse(subject, "headers", name, {
        problem: "is not a header's name",
        remedy: "Use letters, digits and hyphens",
      });
    }
    if (RESERVED.test(name)) {
      refuse(subject, "headers", name, {
        problem: "is set by Google or carries the token",
        remedy: "Leave it out; give what you want to say in a header of your own",
      });
    }
    return [name, checked(subject, `headers.${name}`, value, headerValue)] as const;
  });
  const hasType = given.some(([name]) => name.toLowerCase() === "content-type");
  const all =
    contentType === undefined || hasType ? given : [...given, ["Content-Type", contentType] as const];
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

const headerValue = (value: string) =>
  /[\r\n]/.test(value)
    ? { problem: "has a line break in it, which would start another header", remedy: "Write it on one line" }
    : undefined;
