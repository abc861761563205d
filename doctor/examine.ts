import type { Attempt } from "./attempts";
import type { Expectation } from "./expectations";
import type { Answer, Flaw, World } from "./world";

/** What came of an attempt. */
export interface Finding {
  attempt: Attempt;
  /** Absent when it could not be tried. */
  answer?: Answer;
  /** Why it could not be tried. */
  untried?: string;
  asExpected: boolean;
}

/** Not the audience of anything: the name is reserved for that. https://datatracker.ietf.org/doc/html/rfc2606 */
const ELSEWHERE = "https://another-service.invalid";

/** Lets nobody run, call or change anything. https://developers.google.com/identity/protocols/oauth2/scopes */
const OF_ANOTHER_API = "https://www.googleapis.com/auth/devstorage.read_only";

/**
 * Tries everything, and says what came back against what should have. Grants are taken away only when all others are
 * through, and are back before the callers themselves show that everything is as it was.
 */
export async function examine(attempts: readonly Attempt[], world: World): Promise<Finding[]> {
  const findings = new Map<Attempt, Finding>();
  const phases: ((attempt: Attempt) => boolean)[] = [
    ({ who, without }) => who !== "caller" && without.length === 0,
    ({ without }) => without.length > 0,
    ({ who }) => who === "caller",
  ];
  for (const isInPhase of phases) {
    const found = await Promise.all(
      attempts.filter(isInPhase).map(async (attempt) => tryOut(attempt, world)),
    );
    for (const finding of found) findings.set(finding.attempt, finding);
  }
  return attempts.map((attempt) => findings.get(attempt)).filter((finding) => finding !== undefined);
}

async function tryOut(attempt: Attempt, world: World): Promise<Finding> {
  const token = await tokenFor(attempt, world);
  if (token === "not to be had") {
    return { attempt, untried: `no token for "${attempt.who}" can be had here`, asExpected: true };
  }
  // What an API is asked to do, it is asked by POST.
  const method = attempt.scope === undefined ? "GET" : "POST";
  const call = async (): Promise<Answer> => world.call({ method, url: attempt.url, token });
  const answer = attempt.without.length > 0 ? await world.without(attempt.without, call) : await call();
  return { attempt, answer, asExpected: meets(answer, attempt.expected) };
}

async function tokenFor(attempt: Attempt, world: World): Promise<string | undefined> {
  const { who, caller, audience, scope } = attempt;
  if (who === "no token") return undefined;
  const token = await world.token({
    email: caller ?? (await world.stranger()),
    audience: who === "wrong audience" ? ELSEWHERE : audience,
    scope: who === "id_token" ? undefined : who === "wrong scope" ? OF_ANOTHER_API : scope,
    flaw: flawOf(who),
  });
  return token ?? "not to be had";
}

function flawOf(who: Attempt["who"]): Flaw | undefined {
  return who === "foreign signature" || who === "expired token" ? who : undefined;
}

/** Let in is what the application answers with success; refused is the very status, and the code was not reached. */
function meets(answer: Answer, expected: Expectation): boolean {
  if (expected.letIn) return answer.letIn !== false && answer.status >= 200 && answer.status < 300;
  return answer.letIn !== true && answer.status === expected.status;
}
