import { decodeJwt } from "jose";
import type { Cloud } from "../cloud/cloud";
import { iapCredentials } from "./credentials";
import type { HttpRequest } from "./http";

const BACKEND_SERVICE = /^\/\/iap\.googleapis\.com\/projects\/[^/]+\/iap_web\/compute\/services\/(.+)$/;
const OAUTH_CLIENT = ".apps.googleusercontent.com";

/**
 * Why nothing is said of a request to somebody's host: its token is meant for IAP before a backend service, and which load
 * balancer serves which host is not modelled, nor whether IAP is on there and which clients it takes. Saying "let in" would
 * be a guess, since the grants that are kept say nothing of the address.
 */
export function meantForIap(cloud: Cloud, host: string, headers: HttpRequest["headers"]): string | undefined {
  const found = iapCredentials(headers);
  const audience = found.kind === "bearer" ? audienceOf(found.token) : undefined;
  if (audience?.endsWith(OAUTH_CLIENT) !== true) return undefined;
  const names = cloud.iam.resources().flatMap((resource) => BACKEND_SERVICE.exec(resource)?.[1] ?? []);
  if (names.length === 0) return undefined;
  return (
    `The token is for the OAuth client "${audience}", as IAP takes it, and the sandbox models no load balancers and no IAP before ` +
    `their backend services (here ${names.join(", ")}): whether ${host} lets it in is not known. IAP before a Run service is modelled`
  );
}

function audienceOf(token: string): string | undefined {
  try {
    const { aud } = decodeJwt(token);
    return typeof aud === "string" ? aud : undefined;
  } catch {
    return undefined;
  }
}
