import type * as pulumi from "@pulumi/pulumi";
import type { Check, Subject } from "./checks";
import { checked, checkedNow, refuse } from "./checks";

/** https://docs.cloud.google.com/resource-manager/docs/labels-overview#requirements */
const MOST_LABELS = 64;
const REMEDY =
  "Google allows up to 63 small letters, digits, hyphens and underscores, and a letter at the beginning of a key";

const key: Check<string> = (text) =>
  /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(text)
    ? undefined
    : { problem: "is not a label's key", remedy: REMEDY };

const labelText: Check<string> = (text) =>
  typeof text === "string" && /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(text)
    ? undefined
    : { problem: "is not a label's value", remedy: REMEDY };

/** Labels as Google takes them on any resource. */
export function checkedLabels(
  subject: Subject,
  labels: Readonly<Record<string, pulumi.Input<string>>> | undefined,
): Record<string, pulumi.Input<string>> | undefined {
  if (labels === undefined) return undefined;
  const entries = Object.entries(labels);
  if (entries.length > MOST_LABELS) {
    refuse(subject, "labels", entries.length, {
      problem: "are too many",
      remedy: `Google takes ${MOST_LABELS} labels`,
    });
  }
  return Object.fromEntries(
    entries.map(([name, value]) => [
      checkedNow(subject, "labels", name, key),
      checked(subject, `labels.${name}`, value, labelText),
    ]),
  );
}
