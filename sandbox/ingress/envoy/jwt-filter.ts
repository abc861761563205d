import type { Cloud } from "../../cloud/cloud";
import { own } from "../../cloud/own";
import type { HttpRequest } from "../http";
import { authenticateAll, type Authentication } from "../jwt-authn/authenticate";
import { DEFAULT_LOCATIONS, findTokens, type FoundToken, type Locations } from "../jwt-authn/locations";
import type { EnvoyProvider, JwtAuthentication, Requirement } from "./filters-schema";
import { matchesRoute, type Exchange } from "./match";

export const JWT_NAMESPACE = "envoy.filters.http.jwt_authn";

/** What the filter makes of a request. */
export interface JwtOutcome {
  /** The refusal, or the last token that was found good; undefined: nobody asked for one, or none had to be there. */
  answer: Authentication | undefined;
  /** Claims for the filters behind, under the names that the providers give them. */
  metadata: Record<string, unknown>;
  /** Headers that carried a token and are not handed on. */
  removed: readonly string[];
}

/** Where a provider's keys can be had from, if Envoy can reach them at all. */
export type KeysOf = (provider: EnvoyProvider) => { uri: string } | { document: string };

/** The filter that checks tokens, by the first of its rules that matches the path. */
export class JwtFilter {
  constructor(
    private readonly config: JwtAuthentication,
    private readonly keysOf: KeysOf,
  ) {}

  async check(cloud: Cloud, request: HttpRequest, exchange: Exchange): Promise<JwtOutcome> {
    const rule = this.config.rules.find(({ match }) => matchesRoute(match, exchange));
    const requirement =
      rule?.requirement_name === undefined
        ? rule?.requires
        : own(this.config.requirement_map ?? {}, rule.requirement_name);
    const isFree = this.config.bypass_cors_preflight === true && isPreflight(exchange);
    const found: JwtOutcome = { answer: undefined, metadata: {}, removed: [] };
    if (requirement === undefined || isFree) return found;
    return { ...found, ...(await this.#require(requirement, { cloud, request })) };
  }

  async #require(requirement: Requirement, at: At): Promise<JwtOutcome> {
    const { provider_name: name, provider_and_audiences: special } = requirement;
    if (name !== undefined) return this.#provider(name, undefined, at);
    if (special !== undefined) return this.#provider(special.provider_name, special.audiences, at);
    if (requirement.requires_all !== undefined) return this.#all(requirement.requires_all.requirements, at);
    if (requirement.requires_any !== undefined) return this.#any(requirement.requires_any.requirements, at);
    return this.#lenient(requirement, at);
  }

  #providerOf(name: string): EnvoyProvider {
    const provider = own(this.config.providers, name);
    if (provider === undefined) throw new Error(`The filter has no provider "${name}".`);
    return provider;
  }

  #tokensOf(name: string, { request }: At): FoundToken[] {
    return findTokens(request, locationsOf(this.#providerOf(name)));
  }

  /** `tokens`: by default all that stand where this provider's do. */
  async #provider(
    name: string,
    audiences: string[] | undefined,
    at: At,
    tokens = this.#tokensOf(name, at),
  ): Promise<JwtOutcome> {
    const { cloud } = at;
    const provider = this.#providerOf(name);
    const answer = await authenticateAll(
      cloud,
      {
        issuer: provider.issuer ?? "",
        audiences: audiences ?? provider.audiences ?? [],
        keys: this.keysOf(provider),
        clockSkewSeconds: provider.clock_skew_seconds || undefined,
      },
      tokens.map(({ token }) => token),
    );
    if (!answer.ok) return { answer, metadata: {}, removed: [] };
    const kept = provider.payload_in_metadata;
    return {
      answer,
      metadata: kept === undefined ? {} : { [kept]: answer.claims },
      removed: provider.forward === true ? [] : headersOf(tokens),
    };
  }

  async #all(requirements: readonly Requirement[], at: At): Promise<JwtOutcome> {
    let together = NOTHING;
    for (const each of requirements) {
      const outcome = await this.#require(each, at);
      if (outcome.answer?.ok === false) return outcome;
      together = joined(together, outcome);
    }
    return together;
  }

  /**
   * The first that is met. If none is: nothing is asked of a request without tokens when they may be missing, and the error
   * is one that says more than that a token is missing or another's.
   * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/verifier.cc
   */
  async #any(requirements: readonly Requirement[], at: At): Promise<JwtOutcome> {
    const asked = requirements.filter(
      ({ allow_missing, allow_missing_or_failed }) => !allow_missing && !allow_missing_or_failed,
    );
    let final: JwtOutcome | undefined;
    for (const each of asked) {
      const outcome = await this.#require(each, at);
      if (outcome.answer?.ok !== false) return outcome;
      const says = outcome.answer.failure;
      const before = final?.answer?.ok === false ? final.answer.failure : "missing";
      if ((says !== "missing" && says !== "unknown issuer") || before === "missing") final = outcome;
    }
    const mayFail = requirements.some(({ allow_missing_or_failed: failed }) => failed !== undefined);
    const mayMiss = requirements.some(({ allow_missing: missing }) => missing !== undefined);
    const isMissing =
      final === undefined || (final.answer?.ok === false && final.answer.failure === "missing");
    if (final === undefined || mayFail || (mayMiss && isMissing)) {
      return { answer: undefined, metadata: {}, removed: [] };
    }
    return final;
  }

  /** Alone, they speak of the tokens of all providers: those must be good, or may be anything. */
  async #lenient(requirement: Requirement, at: At): Promise<JwtOutcome> {
    if (requirement.allow_missing !== undefined) return this.#each(at);
    const providers = Object.keys(this.config.providers).map((name) => ({ provider_name: name }));
    return this.#any([...providers, requirement], at);
  }

  /**
   * Every token that there is must be good by one of the providers that look where it stands. Envoy goes by the last of them,
   * in an order of its own; what it then may let in beside a bad one is refused here.
   * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/authenticator.cc
   */
  async #each(at: At): Promise<JwtOutcome> {
    const found = Object.keys(this.config.providers).flatMap((name) =>
      this.#tokensOf(name, at).map((token) => ({ name, token })),
    );
    let together = NOTHING;
    for (const text of new Set(found.map(({ token }) => token.token))) {
      const outcomes: JwtOutcome[] = [];
      for (const { name, token } of found.filter((each) => each.token.token === text))
        outcomes.push(await this.#provider(name, undefined, at, [token]));
      const good = outcomes.filter(({ answer }) => answer?.ok === true);
      const bad = outcomes.filter(
        ({ answer }) => answer?.ok === false && answer.failure !== "unknown issuer",
      );
      if (good.length === 0) return bad[0] ?? outcomes[0] ?? NOTHING;
      together = good.reduce(joined, together);
    }
    return together;
  }
}

const NOTHING: JwtOutcome = { answer: undefined, metadata: {}, removed: [] };

function joined(before: JwtOutcome, outcome: JwtOutcome): JwtOutcome {
  return {
    answer: outcome.answer ?? before.answer,
    metadata: { ...before.metadata, ...outcome.metadata },
    removed: [...before.removed, ...outcome.removed],
  };
}

interface At {
  cloud: Cloud;
  request: HttpRequest;
}

function locationsOf({ from_headers: headers, from_params: params }: EnvoyProvider): Locations {
  if ((headers ?? []).length === 0 && (params ?? []).length === 0) return DEFAULT_LOCATIONS;
  return {
    headers: (headers ?? []).map(({ name, value_prefix: prefix = "" }) => ({ name, prefix })),
    params: params ?? [],
  };
}

function headersOf(tokens: readonly FoundToken[]): string[] {
  return tokens.flatMap(({ header }) => (header === undefined ? [] : [header]));
}

function isPreflight({ method, headers }: Exchange): boolean {
  const has = (name: string): boolean =>
    headers.some(([key, value]) => key.toLowerCase() === name && value !== "");
  return method === "OPTIONS" && has("origin") && has("access-control-request-method");
}
