import { authorizationPolicy, requestAuthentication } from "./istio-manifests";
import { kind, type Identity, type Kind } from "./kind";

/** The types under which `@pulumi/kubernetes` applies Istio's own resources. */
export const REQUEST_AUTHENTICATION = "kubernetes:security.istio.io/v1:RequestAuthentication";
export const AUTHORIZATION_POLICY = "kubernetes:security.istio.io/v1:AuthorizationPolicy";

const applied = {
  apis: [],
  // A Kubernetes resource is its type, namespace and name; all else of it can be changed.
  replaceOn: ["apiVersion", "kind", "metadata.name", "metadata.namespace"],
  fromProvider: {},
  defaults: { "metadata.namespace": "default" },
  computed: [],
};

/** https://istio.io/latest/docs/reference/config/security/request_authentication/ */
export const istioRequestAuthentication: Kind<never> = kind(() => requestAuthentication, {
  ...applied,
  token: REQUEST_AUTHENTICATION,
  identify: (_cx, { kind: of, metadata }) => identity(of, metadata),
  create: () => ({ computed: {} }),
});

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
export const istioAuthorizationPolicy: Kind<never> = kind(() => authorizationPolicy, {
  ...applied,
  token: AUTHORIZATION_POLICY,
  identify: (_cx, { kind: of, metadata }) => identity(of, metadata),
  create: () => ({ computed: {} }),
});

/** Of the one cluster that there is. */
function identity(of: string, { namespace, name }: { namespace: string; name: string }): Identity {
  return { id: `${namespace}/${name}`, fullName: `//kubernetes/${of}/${namespace}/${name}`, project: "" };
}
