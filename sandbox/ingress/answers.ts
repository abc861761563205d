import { CloudError } from "../cloud/errors";
import type { HttpResponse, Verdict } from "./http";
import { REFUSALS, refuse, type RefusalCase } from "./refusals";

export interface Answer {
  response: HttpResponse;
  verdict: Verdict;
}

type Why = Omit<Verdict, "outcome" | "status" | "log">;

/** The answer to a request that does not reach the code behind a target. */
export function no(kind: RefusalCase, url: URL, why: Why, says?: string): Answer {
  const { status, log, assumed } = REFUSALS[kind];
  const headers: Record<string, string> = kind === "not https" ? { location: toHttps(url) } : {};
  return {
    response: refuse(kind, url.pathname, headers, says),
    verdict: {
      ...why,
      outcome: status === 404 ? "not found" : "refused",
      status,
      log,
      reason: sentence(why.reason),
      assumed: join(why.assumed, assumed),
    },
  };
}

export function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

function toHttps(url: URL): string {
  const secure = new URL(url);
  secure.protocol = "https:";
  return secure.href;
}

export function join(...assumptions: (string | undefined)[]): string | undefined {
  const made = assumptions.filter((assumption) => assumption !== undefined);
  return made.length > 0 ? made.join("; ") : undefined;
}

export function parse(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `"${url}" is not an http or https address. Use an absolute one.`,
    );
  }
  return new URL(url);
}
