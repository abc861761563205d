import { createHash } from "node:crypto";
import type { Check } from "./checks";

/** A check that Istio takes a text to the letter: a star at either end stands for anything there. */
export const noWildcard: Check<string> = (value) =>
  value.startsWith("*") || value.endsWith("*")
    ? {
        problem: "begins or ends with *, which Istio takes for anything",
        remedy: "Write it out",
      }
    : undefined;

/** A check of an account's numeric id, which is the `sub` of its tokens. */
export const accountId: Check<string> = (value) =>
  typeof value === "string" && /^\d{5,30}$/.test(value)
    ? undefined
    : {
        problem: "is not the numeric id of a service account",
        remedy: "Give its uniqueId, such as 112233445566778899000",
      };

/**
 * A check of a path in a policy. A star at its end stands for the rest; anywhere else, and in braces, it would mean more than
 * one sees. https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
 */
export const policyPath: Check<string> = (path) => {
  if (typeof path !== "string" || !path.startsWith("/")) {
    return { problem: "does not begin with /", remedy: "Write the whole path, such as /tasks or /tasks/*" };
  }
  if (/[?#\s{}]/.test(path) || path.slice(0, -1).includes("*")) {
    return {
      problem: "has a query, a fragment, white space, braces, or a * that is not at its end",
      remedy: "Write a plain path; a * at the end stands for the rest",
    };
  }
  return undefined;
};

/** A check of a Kubernetes name. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export function kubernetesName(what: string, max: number): Check<string> {
  return (value) =>
    typeof value === "string" && value.length <= max && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value)
      ? undefined
      : {
          problem: `is not a ${what}`,
          remedy: `Kubernetes allows up to ${max} small letters, digits and hyphens, with no hyphen at either end`,
        };
}

/** A check of a label's value. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export const labelValue: Check<string> = (value) =>
  typeof value === "string" && value.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(value)
    ? undefined
    : {
        problem: "is not a label's value",
        remedy:
          "Kubernetes allows up to 63 letters, digits, hyphens, dots and underscores, with a letter or digit at both ends",
      };

/** The longest name of the resources here; the denying policy adds to it. */
export const LONGEST_NAME = 200;

const HASH_LENGTH = 8;

/** A legal name for Kubernetes, made out of any text: another one for each, or one workload would overwrite another's. */
export function asKubernetesName(text: string): string {
  const name = legal(text, LONGEST_NAME);
  if (name === text) return name;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
  const front = legal(text, LONGEST_NAME - HASH_LENGTH - 1);
  return `${front === "" ? "workload" : front}-${hash}`;
}

function legal(text: string, longest: number): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, longest)
    .replace(/^-+|-+$/g, "");
}
