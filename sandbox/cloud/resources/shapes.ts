import { z } from "zod/mini";
import { isBase64 } from "../base64";
import { SCOPE } from "../tokens/scopes";

/** The building blocks of the kinds' schemas, with Google's limits and the words for breaking them. */

export const flag = z.boolean();

export const whole = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));

export const text = (max: number) => z.string().check(z.maxLength(max));

export const pattern = (expression: RegExp, words: string) => z.string().check(z.regex(expression, words));

export const texts = () => z.array(z.string());

export const textMap = () => z.record(z.string(), z.string());

// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_NAMES =
  "names of headers have letters, digits, dashes and some other signs, and no spaces or colons";

export const headerName = () => pattern(HEADER_NAME, HEADER_NAMES);

/** What would begin another header is none of this one: https://www.rfc-editor.org/rfc/rfc9110#name-field-values */
export const headerValue = () => pattern(/^[^\r\n\0]*$/, "it must not break the line, nor hold a NUL");

export const headerMap = () =>
  z
    .record(z.string(), headerValue())
    .check(z.refine((map) => Object.keys(map).every((name) => HEADER_NAME.test(name)), HEADER_NAMES));

export const base64 = () => z.string().check(z.refine(isBase64, "it must be base64"));

/** A scope of one of Google's APIs, by its form: https://developers.google.com/identity/protocols/oauth2/scopes */
export const scope = () =>
  pattern(SCOPE, "it must be an OAuth scope, as in https://www.googleapis.com/auth/cloud-platform");

export const optional = z.optional;

export const block = z.strictObject;

export const choice = z.enum;

const DURATION = /^\d+(\.\d{1,9})?s$/;

/** "3.5s" in seconds. */
export function secondsOf(duration: string): number {
  return DURATION.test(duration) ? Number(duration.slice(0, -1)) : Number.NaN;
}

/** google.protobuf.Duration: protobuf.dev/reference/protobuf/google.protobuf/#duration */
export const LONGEST_DURATION = 315_576_000_000;

export const duration = (min: number, max: number) =>
  z.string().check(
    z.refine((value) => {
      const seconds = secondsOf(value);
      return seconds >= min && seconds <= max;
    }, `it must be a duration in seconds between "${min}s" and "${max}s"`),
  );

// docs.cloud.google.com/resource-manager/docs/labels-overview
const LABEL_KEY = /^\p{Ll}[\p{Ll}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{N}_-]{0,63}$/u;

export const labels = () =>
  z
    .record(
      z.string(),
      pattern(
        LABEL_VALUE,
        "a label's value has at most 63 lower-case letters, digits, dashes and underscores",
      ),
    )
    .check(
      z.refine(
        (map) => Object.keys(map).every((key) => LABEL_KEY.test(key)) && Object.keys(map).length <= 64,
        "at most 64 labels, each key of 1 to 63 lower-case letters, digits, dashes and underscores, a letter first",
      ),
    );

// docs.cloud.google.com/resource-manager/docs/creating-managing-projects
export const projectId = () =>
  pattern(
    /^([a-z][-a-z0-9.]*:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/,
    "it must be the id of a project, as in my-project-1",
  );

export const serviceAccountEmail = () =>
  pattern(/^[^@\s/]+@[^@\s/]+\.[^@\s/]+$/, "it must be the e-mail address of a service account");
