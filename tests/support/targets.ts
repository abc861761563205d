import * as pulumi from "@pulumi/pulumi";
import {
  ApiGateway,
  BackendCallers,
  CloudFunction,
  CloudFunctionV1,
  CloudRunService,
  EndpointsService,
  EnvoyFront,
  ExternalApplication,
  IstioWorkload,
} from "../../components";
import type { AuthorizedTarget, CallerIdentity } from "../../components";
import { EnvoyFront as Envoy } from "../../sandbox/ingress/envoy/envoy-front";
import type { Front } from "../../sandbox/ingress/front";
import { IstioFront as Istio } from "../../sandbox/ingress/istio/istio-front";
import { createVerifierBehindCloudRun } from "../../verify/createVerifierBehindCloudRun";
import { createVerifier } from "../../verify/index";
import type { Clock, KeySource, RefusalCode, Verifier } from "../../verify/index";

/** Every target that takes id_tokens: how it is deployed, what the application behind it does, and how it refuses. */

export const REGION = "us-central1";

/** Who should be kept out, by what is wrong with them. */
export type Intruder = "no token" | "stranger" | "another audience" | "expired";

/** An answer as whoever is refused sees it. `<url>` and `<path>` stand for those of the request. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  /** WWW-Authenticate. */
  readonly challenge?: string;
  /** What a reader sees of the body. */
  readonly says: string;
  /** Whether the application is who refuses. */
  readonly byApplication: boolean;
}

/** What the application's verifier is told. */
export interface Told {
  readonly audience: string;
  readonly callers: string[];
  readonly tokenHeader?: string;
}

interface Around {
  readonly caller: CallerIdentity;
  readonly deployers: Record<string, string>;
}

interface Deployment {
  readonly target: AuthorizedTarget;
  readonly told: pulumi.Output<Told>;
  /** What whoever runs the mesh or Envoy is given. */
  readonly document?: pulumi.Output<string>;
}

export interface Target {
  deploy(around: Around): Deployment;
  /** How the application finds out who calls. */
  verifier(told: Told, google: { readonly keys: KeySource; readonly clock: Clock }): Verifier;
  /** What stands before the application, where that is not Google's. */
  front?(document: string): Front;
  readonly refusals: Readonly<Record<Intruder, Refusal>>;
}

/** https://docs.cloud.google.com/run/docs/troubleshooting */
const FORBIDDEN: Refusal = {
  status: 403,
  type: "text/html; charset=UTF-8",
  says: "403 Forbidden Error: Forbidden Your client does not have permission to get URL <path> from this server.",
  byApplication: false,
};
const UNAUTHORIZED: Refusal = {
  status: 401,
  type: "text/html; charset=UTF-8",
  challenge: 'Bearer error="invalid_token" error_description="The access token could not be verified"',
  says: "401 Unauthorized Error: Unauthorized Your client does not have permission to the requested URL <path>.",
  byApplication: false,
};
const BY_GOOGLE: Target["refusals"] = {
  "no token": FORBIDDEN,
  stranger: FORBIDDEN,
  "another audience": UNAUTHORIZED,
  expired: UNAUTHORIZED,
};

/** The words are verify's own. https://datatracker.ietf.org/doc/html/rfc6750#section-3 */
function byApplication(status: number, code: RefusalCode, description: string, error?: string): Refusal {
  return {
    status,
    type: "text/plain; charset=utf-8",
    challenge: error === undefined ? "Bearer" : `Bearer error="${error}", error_description="${description}"`,
    says: `${code}: ${description}`,
    byApplication: true,
  };
}

const BY_APPLICATION: Target["refusals"] = {
  "no token": byApplication(401, "ERR_TOKEN_MISSING", "the request carries no bearer token"),
  stranger: byApplication(403, "ERR_CALLER_NOT_ALLOWED", "the caller is not allowed", "insufficient_scope"),
  "another audience": byApplication(
    401,
    "ERR_TOKEN_AUDIENCE",
    "the token is meant for another audience",
    "invalid_token",
  ),
  expired: byApplication(401, "ERR_TOKEN_EXPIRED", "the token has expired", "invalid_token"),
};

/** https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/filter.cc */
function byJwtFilter(status: number, says: string, error = ', error="invalid_token"'): Refusal {
  const challenge = `Bearer realm="<url>"${error}`;
  return { status, type: "text/plain", challenge, says, byApplication: false };
}
const MISSING = byJwtFilter(401, "Jwt is missing", "");
const NOT_FOR_HERE = byJwtFilter(403, "Audiences in Jwt are not allowed");
const EXPIRED = byJwtFilter(401, "Jwt is expired");

/** https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/rbac/rbac_filter.cc */
const DENIED: Refusal = {
  status: 403,
  type: "text/plain",
  says: "RBAC: access denied",
  byApplication: false,
};

const BY_ENVOY: Target["refusals"] = {
  "no token": MISSING,
  stranger: DENIED,
  "another audience": NOT_FOR_HERE,
  expired: EXPIRED,
};

/**
 * A request without a token passes the filter that reads tokens, and the policy refuses it.
 * https://istio.io/latest/docs/tasks/security/authorization/authz-jwt/
 */
const BY_ISTIO: Target["refusals"] = { ...BY_ENVOY, "no token": DENIED };

/** https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/go/configgenerator/filtergen/http_connection_manager.go */
function inJson({ says, ...refusal }: Refusal): Refusal {
  return {
    ...refusal,
    type: "application/json",
    says: JSON.stringify({ code: refusal.status, message: says }),
  };
}

const BY_GATEWAY: Target["refusals"] = {
  "no token": inJson(MISSING),
  // Anybody with a token for the audience passes, and it is the application that knows its callers.
  stranger: BY_APPLICATION.stranger,
  "another audience": inJson(NOT_FOR_HERE),
  expired: inJson(EXPIRED),
};

/** Google has checked the signature and taken it away. */
const behindGoogle: Target["verifier"] = (told, { clock }) =>
  createVerifierBehindCloudRun({
    ...told,
    clock,
    cloudRunHasCheckedTheSignature: true,
    env: { K_SERVICE: "target" },
  });

/** The whole token arrives, and is checked once more. */
const byItself: Target["verifier"] = (told, google) => createVerifier({ ...told, ...google });

const FUNCTION = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION };
const WORKLOAD = { namespace: "books", labels: { app: "target", version: "v1" } };

/** By the component's name. */
export const TARGETS = {
  CloudRunService: {
    deploy: ({ caller, deployers }) =>
      toldByHand(
        new CloudRunService("target", { image: "hello", region: REGION, deployers }).authorize(caller),
      ),
    verifier: behindGoogle,
    refusals: BY_GOOGLE,
  },
  CloudFunction: {
    deploy: ({ caller, deployers }) =>
      toldByHand(new CloudFunction("target", { ...FUNCTION, deployers }).authorize(caller)),
    verifier: behindGoogle,
    refusals: BY_GOOGLE,
  },
  CloudFunctionV1: {
    deploy: ({ caller, deployers }) =>
      toldByHand(new CloudFunctionV1("target", { ...FUNCTION, deployers }).authorize(caller)),
    verifier: behindGoogle,
    refusals: BY_GOOGLE,
  },
  EndpointsService: {
    deploy: (around) => {
      const { told, args } = behindGateway(around);
      return { target: new EndpointsService("target", args).authorize(around.caller), told };
    },
    verifier: byItself,
    refusals: BY_GATEWAY,
  },
  ApiGateway: {
    deploy: (around) => {
      const { told, args } = behindGateway(around);
      return { target: new ApiGateway("target", args).authorize(around.caller), told };
    },
    verifier: byItself,
    refusals: BY_GATEWAY,
  },
  IstioWorkload: {
    deploy: ({ caller }) => {
      const { namespace } = WORKLOAD;
      const workload = new IstioWorkload("target", {
        url: "https://mesh.example.com",
        callers: { caller },
        namespace,
        selector: { app: "target" },
      });
      return { ...toldByHand(workload.authorize(caller)), document: workload.yaml };
    },
    verifier: byItself,
    front: (document) => new Istio(WORKLOAD, document),
    refusals: BY_ISTIO,
  },
  EnvoyFront: {
    deploy: ({ caller }) => {
      const upstream = { address: "127.0.0.1", port: 3000 };
      const front = new EnvoyFront("target", {
        url: "https://envoy.example.com",
        callers: { caller },
        upstream,
      });
      return { ...toldByHand(front.authorize(caller)), document: front.yaml };
    },
    verifier: byItself,
    front: (document) => new Envoy(document),
    refusals: BY_ENVOY,
  },
  ExternalApplication: {
    deploy: ({ caller }) => {
      const application = new ExternalApplication("target", {
        url: "https://jobs.example.com",
        callers: { caller },
      });
      const { audience, allowedCallers: callers } = application.verifierSettings;
      return { target: application.authorize(caller), told: pulumi.output({ audience, callers }) };
    },
    verifier: byItself,
    refusals: BY_APPLICATION,
  },
} as const satisfies Record<string, Target>;

/** An application that is told of its callers by whoever deploys it. */
function toldByHand(target: AuthorizedTarget): Deployment {
  const told = pulumi
    .all([target.audience, target.serviceAccountEmail])
    .apply(([audience = "", email]) => ({ audience, callers: [email] }));
  return { target, told };
}

/** A private service, and what a gateway before it is given. */
function behindGateway({ caller, deployers }: Around) {
  const shared = { audience: "https://orders.example.com", callers: { caller } };
  const { environment } = new BackendCallers("behind", shared);
  const told = pulumi.output(environment).apply(({ AUDIENCE = "", CALLERS = "", TOKEN_HEADER }) => ({
    audience: AUDIENCE,
    callers: CALLERS.split(","),
    tokenHeader: TOKEN_HEADER,
  }));
  const behind = new CloudRunService("behind", { image: "hello", region: REGION, environment, deployers });
  const backend = { service: behind.serviceName, region: REGION, url: behind.uri };
  return { told, args: { ...shared, backend, region: REGION, deployers } };
}
