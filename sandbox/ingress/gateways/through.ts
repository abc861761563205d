import type { Cloud } from "../../cloud/cloud";
import type { HttpRequest, Verdict } from "../http";
import type { Answer } from "../answers";
import { errorResponse, pass } from "./pass";
import type { Proxy } from "./proxy";

/** A request through a proxy to its backend, whose own gate decides about the proxy. */
export async function through(
  cloud: Cloud,
  proxy: Proxy,
  request: HttpRequest,
  onward: (request: HttpRequest) => Promise<Answer>,
): Promise<Answer> {
  const { target, email, assumed } = proxy;
  const passage = await pass(cloud, proxy, request);
  if (passage.kind === "refused") {
    const { response, reason } = passage;
    const { status } = response;
    const outcome = status === 404 ? "not found" : "refused";
    const rests = join(assumed, passage.assumed);
    return { response, verdict: { outcome, target, status, reason: `${reason}.`, assumed: rests } };
  }
  const answer = await within(cloud, passage.deadline, onward(passage.request));
  const { reason, principal } = passage;
  const assumptions = join(assumed, passage.assumed);
  if (answer === "too late") {
    const response = errorResponse(504, TOO_LATE);
    const why = `${reason}. The backend did not answer within ${passage.deadline} s.`;
    return {
      response,
      verdict: { outcome: "let in", target, status: 504, reason: why, principal, assumed: assumptions },
    };
  }
  const verdict: Verdict = {
    ...answer.verdict,
    target,
    principal,
    reason: `${reason}. As ${email} it calls on: ${answer.verdict.reason}`,
    assumed: join(assumptions, answer.verdict.assumed),
    ...(answer.verdict.outcome === "let in" ? { applicationDecides: true } : {}),
  };
  return { response: answer.response, verdict };
}

/** https://github.com/envoyproxy/envoy/blob/main/source/common/router/router.cc */
const TOO_LATE = "upstream request timeout";

/** What is done in time, or word that Envoy waits no longer. */
async function within<T>({ clock }: Cloud, seconds: number, work: Promise<T>): Promise<T | "too late"> {
  let end = (): void => undefined;
  const late = new Promise<"too late">((resolve) => {
    const timer = clock.at(clock.now() + seconds * 1000, () => {
      resolve("too late");
    });
    end = (): void => {
      timer.cancel();
    };
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    end();
  }
}

function join(...assumptions: (string | undefined)[]): string | undefined {
  const made = [...new Set(assumptions.filter((each) => each !== undefined))];
  return made.length > 0 ? made.join("; ") : undefined;
}
