import * as pulumi from "@pulumi/pulumi";
import type { PlainDocument } from "../wiring/documents";
import { GOOGLE_ISSUER, GOOGLE_JWKS_URI } from "../wiring/tokenIssuer";

/** A Kubernetes resource, as plain data. */
export interface IstioManifest {
  /** Such as `security.istio.io/v1`. */
  apiVersion: string;
  /** Such as `RequestAuthentication`. */
  kind: string;
  /** Name and namespace. */
  metadata: ManifestMetadata;
  /** What Istio reads. */
  spec: PlainDocument;
}

/** Where a Kubernetes resource is. */
export interface ManifestMetadata {
  /** The resource's name. */
  name: pulumi.Output<string>;
  /** Its namespace. */
  namespace: pulumi.Output<string>;
}

/** The manifests of one workload. All of them belong together: each alone leaves a door open, or opens none. */
export interface IstioManifests {
  /** Says which tokens are good: a bad one is refused, and a request without any passes. */
  requestAuthentication: IstioManifest;
  /** Says who gets in: the callers, and nobody else. */
  authorizationPolicy: IstioManifest;
  /** Refuses what comes without a good token, whatever other policies allow. With `denyWithoutToken` only. */
  denyPolicy?: IstioManifest;
}

/** One caller of a workload. */
export interface WorkloadCaller {
  readonly email: pulumi.Input<string>;
  /** The account's numeric id; without it, any account of that e-mail. */
  readonly subject: pulumi.Input<string> | undefined;
}

/** What the manifests are made of. All of it is checked already. */
export interface Workload {
  readonly metadata: ManifestMetadata;
  readonly labels: Readonly<Record<string, pulumi.Input<string>>>;
  readonly audiences: readonly pulumi.Input<string>[];
  readonly callers: readonly WorkloadCaller[];
  readonly paths: readonly pulumi.Input<string>[] | undefined;
  readonly forwardOriginalToken: pulumi.Input<boolean>;
}

/** https://istio.io/latest/docs/reference/config/security/request_authentication/ */
export function requestAuthentication({ metadata, labels, ...workload }: Workload): IstioManifest {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "RequestAuthentication",
    metadata,
    spec: {
      selector: { matchLabels: labels },
      jwtRules: [
        {
          issuer: GOOGLE_ISSUER,
          audiences: workload.audiences,
          jwksUri: GOOGLE_JWKS_URI,
          forwardOriginalToken: workload.forwardOriginalToken,
        },
      ],
    },
  };
}

/**
 * One rule for each caller, so that e-mail and subject belong together. Issuer and audience are asked for once more: other
 * RequestAuthentications, of the mesh or the namespace, may let tokens of other issuers and audiences pass here.
 * https://istio.io/latest/docs/reference/config/security/authorization-policy/
 */
export function authorizationPolicy({
  metadata,
  labels,
  callers,
  audiences,
  paths,
}: Workload): IstioManifest {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata,
    spec: {
      selector: { matchLabels: labels },
      action: "ALLOW",
      rules: callers.map(({ email, subject }) => ({
        from: [{ source: { requestPrincipals: [principal(subject)] } }],
        ...(paths && { to: [{ operation: { paths } }] }),
        when: [
          { key: "request.auth.claims[email]", values: [email] },
          { key: "request.auth.audiences", values: audiences },
        ],
      })),
    },
  };
}

/**
 * DENY comes before every ALLOW. Its name has a dot, which no workload's has here, so that it is never another workload's
 * policy (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names).
 */
export function denyPolicy({ metadata, labels, paths }: Workload): IstioManifest {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { ...metadata, name: pulumi.interpolate`${metadata.name}.deny` },
    spec: {
      selector: { matchLabels: labels },
      action: "DENY",
      rules: [
        {
          from: [{ source: { notRequestPrincipals: ["*"] } }],
          ...(paths && { to: [{ operation: { paths } }] }),
        },
      ],
    },
  };
}

/** Without an id, whoever the issuer vouches for: the e-mail says who it is. This star is meant. */
function principal(subject: pulumi.Input<string> | undefined): pulumi.Input<string> {
  return subject === undefined ? `${GOOGLE_ISSUER}/*` : pulumi.interpolate`${GOOGLE_ISSUER}/${subject}`;
}
