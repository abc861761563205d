import type { Cloud } from "../../cloud/cloud";
import { type FrontAnswer, localReply } from "../front";
import type { HttpRequest } from "../http";
import type { Authentication } from "../jwt-authn/authenticate";
import { challenge } from "../jwt-authn/failures";
import { notModelled } from "../read-document";
import type { HttpFilterConfig } from "./bootstrap-schema";
import {
  JWT_FILTER,
  RBAC_FILTER,
  type JwtAuthentication,
  type RbacRules,
  type Requirement,
} from "./filters-schema";
import { JWT_NAMESPACE, JwtFilter, type KeysOf } from "./jwt-filter";
import { requireProviders } from "./keys";
import type { Exchange } from "./match";
import { decideRbac, RBAC_DENIED } from "./rbac-filter";

interface Passing {
  cloud: Cloud;
  request: HttpRequest;
  exchange: Exchange;
  /** What the answer says so far. */
  reason: string;
  principal: string | undefined;
}

type Refusal = Extract<FrontAnswer, { letIn: false }>;
type Filter = (passing: Passing) => Promise<Refusal | undefined> | Refusal | undefined;

/** The HTTP filters of a connection manager, each of which may refuse a request, in their order. */
export class FilterChain {
  readonly #filters: readonly Filter[];

  constructor(what: string, configs: readonly HttpFilterConfig[], keysOf: KeysOf) {
    const isRouter = configs.map(
      (config) => config["@type"] !== JWT_FILTER && config["@type"] !== RBAC_FILTER,
    );
    if (isRouter.indexOf(true) !== configs.length - 1) {
      throw notModelled(what, "must have the router as the last of its HTTP filters, and nowhere else");
    }
    this.#filters = configs.flatMap((config) => {
      if (config["@type"] === JWT_FILTER) return [jwt(what, config, keysOf)];
      return config["@type"] === RBAC_FILTER && config.rules !== undefined ? [rbac(config.rules)] : [];
    });
  }

  async decide(cloud: Cloud, request: HttpRequest, exchange: Exchange): Promise<FrontAnswer> {
    const passing: Passing = { cloud, request, exchange, reason: NOBODY_ASKED, principal: undefined };
    for (const filter of this.#filters) {
      const refusal = await filter(passing);
      if (refusal !== undefined) return { ...refusal, principal: passing.principal };
    }
    return { letIn: true, request: passing.request, reason: passing.reason, principal: passing.principal };
  }
}

const NOBODY_ASKED = "No filter asks for a token here: the path is open";

function jwt(what: string, config: JwtAuthentication, keysOf: KeysOf): Filter {
  const all = [
    ...config.rules.map(({ requires }) => requires),
    ...Object.values(config.requirement_map ?? {}),
  ];
  requireProviders(what, Object.keys(config.providers), all.flatMap(providersIn));
  requireNames(what, config);
  const filter = new JwtFilter(config, keysOf);
  return async (passing) => {
    const { cloud, request, exchange } = passing;
    const { answer, metadata, removed } = await filter.check(cloud, request, exchange);
    if (answer?.ok === false) return refusedToken(request.url, answer);
    exchange.metadata[JWT_NAMESPACE] = { ...exchange.metadata[JWT_NAMESPACE], ...metadata };
    exchange.headers = request.headers.filter(([name]) => !removed.includes(name.toLowerCase()));
    passing.request = { ...request, headers: exchange.headers };
    if (answer?.ok === true) {
      passing.principal = principalOf(answer.claims);
      passing.reason = `The token is good, and no filter asks whose it is`;
    }
    return undefined;
  };
}

function requireNames(what: string, { rules, requirement_map: map = {} }: JwtAuthentication): void {
  const missing = rules.find(({ requirement_name: name }) => name !== undefined && !Object.hasOwn(map, name));
  if (missing !== undefined) {
    throw notModelled(
      what,
      `a rule names the requirement "${missing.requirement_name ?? ""}", which there is not`,
    );
  }
}

function rbac(rules: RbacRules): Filter {
  return (passing) => {
    const { allowed, policy } = decideRbac(rules, passing.exchange);
    const who = passing.principal ?? "nobody: no token that a filter has read";
    if (allowed) {
      passing.reason = policy === undefined ? passing.reason : `Policy "${policy}" lets in ${who}`;
      return undefined;
    }
    return {
      letIn: false,
      response: localReply(RBAC_DENIED.status, RBAC_DENIED.body),
      reason: policy === undefined ? `No policy lets in ${who}` : `Policy "${policy}" keeps out ${who}`,
    };
  };
}

function refusedToken(url: string, answer: Extract<Authentication, { ok: false }>): Refusal {
  const headers = { "www-authenticate": challenge(url, answer.failure) };
  return {
    letIn: false,
    response: localReply(answer.status, answer.message, headers),
    reason: answer.reason,
  };
}

function principalOf({ email, sub }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof email === "string") return `serviceAccount:${email}`;
  return typeof sub === "string" ? `the account ${sub}` : undefined;
}

function providersIn(requirement: Requirement | undefined): (string | undefined)[] {
  if (requirement === undefined) return [];
  const {
    provider_name: name,
    provider_and_audiences: special,
    requires_any: any,
    requires_all: all,
  } = requirement;
  const inner = any?.requirements ?? all?.requirements ?? [];
  return [name, special?.provider_name, ...inner.flatMap(providersIn)];
}
