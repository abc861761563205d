import { isEmpty, type Change, type Difference, type Minting, type PublicChange } from "../../trust/change";
import { decidesItself, type Edge, type Grant, type Target } from "../../trust/graph";
import type { Analysis } from "../analysis";
import type { Section } from "../fit";
import { code, count } from "../markdown";

const SOURCES: Readonly<Record<Edge["source"]["kind"], string>> = {
  "scheduler-job": "Scheduler job",
  "push-subscription": "push subscription",
  "task-queue": "task queue",
};

const TARGETS: Readonly<Record<Target["kind"], string>> = {
  "run-service": "Run service",
  "function-v2": "2nd gen function",
  "function-v1": "1st gen function",
  "run-job": "Run job",
  endpoints: "Cloud Endpoints",
  "api-gateway": "API Gateway",
  external: "application",
};

/** What changes in who may call what, in sentences. */
export function trust(analysis: Analysis): Section {
  const { change } = analysis;
  const lines = [
    ...group("Calls", change.edges, (edge) => edgeText(edge, analysis), edgeSubject),
    ...group("Grants", change.grants, (grant) => grantText(grant, analysis)),
    ...group("Who may make tokens", change.minting, mintingText),
    ...(change.public.length === 0 ? [] : ["**Open doors**", "", ...change.public.map(publicText), ""]),
  ];
  return {
    head: ["### Who may call what", ""],
    lines: isEmpty(change) ? [nothing(analysis)] : lines.slice(0, -1),
    leftOut: (left) => `${count(left, "more line")} left out.`,
  };
}

function nothing({ lost }: Analysis): string {
  return lost.length === 0
    ? "Nothing changes."
    : "By what the program declares, nothing changes. What is lost all the same is said above.";
}

const WORDS = { new: "new", altered: "changed", removed: "removed" } as const;

function group<T>(
  title: string,
  changes: readonly Change<T>[],
  textOf: (item: T) => string,
  subjectOf = textOf,
): string[] {
  if (changes.length === 0) return [];
  const texts = (["new", "altered", "removed"] as const).flatMap((mark) =>
    changes
      .filter((change) => change.mark === mark)
      .map(({ before, after, differences }) => {
        const item = after ?? before;
        if (item === undefined) return "";
        return mark === "altered"
          ? `- ${WORDS[mark]}: ${subjectOf(before ?? item)}: ${differences.map(differenceText).join("; ")}`
          : `- ${WORDS[mark]}: ${textOf(item)}`;
      }),
  );
  return [`**${title}**`, "", ...texts, ""];
}

function edgeSubject({ source, target }: Edge): string {
  return `${code(source.name)} (${SOURCES[source.kind]}) calling ${code(target.name)}`;
}

function edgeText(edge: Edge, analysis: Analysis): string {
  const { source, caller, target } = edge;
  return `${code(source.name)} (${SOURCES[source.kind]}) calls ${code(target.name)} (${TARGETS[target.kind]}) as ${code(callerName(edge, analysis) ?? caller)}, ${tokenText(edge)}; ${admission(edge, analysis)}`;
}

function tokenText({ audience, scope }: Edge): string {
  if (scope !== undefined) return `access token with scope ${code(scope)}`;
  return audience === undefined
    ? "**with no audience of its own**: Google takes the whole address, which most targets refuse"
    : `audience ${code(audience)}`;
}

/** Its logical name, which is known when its e-mail is not. */
function callerName({ callerUrn, caller }: Edge | Grant, { before, after }: Analysis): string | undefined {
  return [...after.callers, ...before.callers].find(({ urn, email }) =>
    callerUrn === undefined ? email === caller : urn === callerUrn,
  )?.name;
}

function admission({ granted, grant, target }: Edge, { before, after }: Analysis): string {
  if (grant !== undefined) return `let in by ${code(grant.role)}${conditionText(grant)}`;
  if (granted) return "**open to anybody**";
  const found = [...after.targets, ...before.targets].find(
    ({ urn, name }) => (urn ?? name) === (target.urn ?? target.name),
  );
  if (found === undefined) return NO_GRANT;
  return decidesItself(found) && found.gate === "google-api"
    ? "the API decides by its own grants"
    : WITHOUT_GRANT[found.gate];
}

const NO_GRANT = "**no grant lets it in**";

const WITHOUT_GRANT: Readonly<Record<Target["gate"], string>> = {
  run: NO_GRANT,
  iap: NO_GRANT,
  "function-v1": NO_GRANT,
  "google-api": NO_GRANT,
  gateway: "the gateway checks the token, and the application behind it who calls",
  application: "the application decides itself",
};

function grantText(grant: Grant, analysis: Analysis): string {
  const { role, member, caller, callerUrn, target, on, place, futile } = grant;
  const name = caller === undefined && callerUrn === undefined ? undefined : callerName(grant, analysis);
  const what = target ?? place?.name;
  const where =
    on === "project"
      ? `**everything in the project** ${code(place?.project ?? "(the provider's)")}`
      : code(what ?? "(known after deployment)");
  const note = futile === undefined ? "" : ` (opens nothing: ${futile})`;
  return `${code(name ?? member)} may call ${where}, by ${code(role)}${conditionText(grant)}${note}`;
}

function conditionText({ condition }: Pick<Grant, "condition">): string {
  return condition === undefined ? "" : ` on the condition ${code(condition)}`;
}

function mintingText({ agent, caller, role }: Minting): string {
  return `${code(agent)} for ${code(caller.name)}, by ${code(role)}`;
}

function publicText({ mark, target, on, how }: PublicChange): string {
  const what = target ?? (on === "project" ? "everything in the project" : "a target elsewhere");
  return mark === "opened"
    ? `- **opened to anybody**: ${code(what)}, by ${code(how)}`
    : `- no longer open to anybody: ${code(what)}, which was by ${code(how)}`;
}

function differenceText({ what, from, to }: Difference): string {
  return from === to ? `another ${what}, ${code(to)}` : `${what} ${code(from)} → ${code(to)}`;
}
