import { iapRunServiceName } from "../cloud/names";
import type { Store, StoredResource } from "../cloud/store";
import type { Gate } from "./gate";
import { IAP_SETTINGS, type Iap, type IapSettingsState } from "./iap";
import { findGateway, type GatewayState } from "./gateways/api-gateways";
import { isProxy } from "./gateways/espv2";
import { runGate, RUN_SERVICE, type RunServiceState } from "./run-services";
import { functionV1Gate, FUNCTION_V1, type FunctionV1State } from "./functions-v1";
import { FUNCTION_V2, type FunctionV2State } from "./functions-v2";

export type Found =
  /** `url`: what the code behind the gate sees. */
  | {
      kind: "gate";
      gate: Gate;
      address: "run.app" | "cloudfunctions.net";
      url: string;
      /** The Run service, when ESPv2 runs in it. */
      proxy?: StoredResource<RunServiceState>;
    }
  | { kind: "api-gateway"; gateway: StoredResource<GatewayState> }
  | { kind: "google api"; host: string }
  | { kind: "nothing" }
  | { kind: "foreign"; host: string };

/** Other hosts of Google's: what gets in there is not the application's matter alone, and not modelled. */
const GOOGLES = /(^|\.)(googleapis\.com|google\.com|appspot\.com|cloud\.goog|web\.app|firebaseapp\.com)$/;

/** Who a URL means, by its host. */
export function findTarget(store: Store, url: URL): Found {
  const hostname = url.hostname.replace(/\.$/, "");
  if (hostname.endsWith(".run.app")) return findRunService(store, url);
  if (hostname.endsWith(".cloudfunctions.net")) return findFunction(store, url);
  if (hostname.endsWith(".gateway.dev")) return findApiGateway(store, hostname);
  if (GOOGLES.test(hostname)) return { kind: "google api", host: url.host };
  return { kind: "foreign", host: url.host };
}

function findApiGateway(store: Store, hostname: string): Found {
  const gateway = findGateway(store, hostname);
  return gateway === undefined ? { kind: "nothing" } : { kind: "api-gateway", gateway };
}

function findRunService(store: Store, url: URL): Found {
  const service = store
    .list<RunServiceState>(RUN_SERVICE)
    .find(({ state }) => origins(state).some((origin) => new URL(origin).host === url.host));
  if (service === undefined) return { kind: "nothing" };
  return {
    kind: "gate",
    gate: gateOf(store, service),
    address: "run.app",
    url: url.href,
    proxy: isProxy(service.state) ? service : undefined,
  };
}

function findFunction(store: Store, url: URL): Found {
  const first = store
    .list<FunctionV1State>(FUNCTION_V1)
    .map((stored) => ({ stored, rest: restOf(url, stored.state.httpsTriggerUrl) }))
    .find(({ rest }) => rest !== undefined);
  if (first?.rest !== undefined) {
    return {
      kind: "gate",
      gate: functionV1Gate(first.stored),
      address: "cloudfunctions.net",
      url: first.rest,
    };
  }
  for (const { state } of store.list<FunctionV2State>(FUNCTION_V2)) {
    const rest = restOf(url, state.url);
    const service = store.get<RunServiceState>(RUN_SERVICE, state.serviceConfig?.service ?? "");
    if (rest === undefined || service === undefined) continue;
    return { kind: "gate", gate: gateOf(store, service), address: "cloudfunctions.net", url: rest };
  }
  return { kind: "nothing" };
}

function gateOf(store: Store, service: StoredResource<RunServiceState>): Gate {
  const behind = store
    .list<FunctionV2State>(FUNCTION_V2)
    .find(({ state }) => state.serviceConfig?.service === service.id);
  return runGate(service, { behind: behind?.state, iap: iapBefore(store, service.fullName) });
}

function iapBefore(store: Store, runService: string): Iap {
  const [, project = "", region = "", name = ""] =
    /\/projects\/([^/]+)\/locations\/([^/]+)\/services\/([^/]+)$/.exec(runService) ?? [];
  const resource = iapRunServiceName(project, region, name);
  const settings = store.list<IapSettingsState>(IAP_SETTINGS).find(({ fullName }) => fullName === resource);
  return { resource, clients: settings?.state.accessSettings?.oauthSettings?.programmaticClients ?? [] };
}

function origins({ uri, urls }: RunServiceState): string[] {
  return [uri, ...(urls ?? [])].filter((origin) => origin !== undefined);
}

/**
 * The address without the function's name, which is how a function sees it; undefined when the address is another's.
 * The host says project and region, the first part of the path says which function.
 */
function restOf(url: URL, functionUrl: string | undefined): string | undefined {
  if (functionUrl === undefined || functionUrl === "") return undefined;
  const own = new URL(functionUrl);
  if (own.host !== url.host) return undefined;
  if (url.pathname !== own.pathname && !url.pathname.startsWith(`${own.pathname}/`)) return undefined;
  const rest = url.pathname.slice(own.pathname.length);
  return `${url.protocol}//${url.host}${rest === "" ? "/" : rest}${url.search}`;
}
