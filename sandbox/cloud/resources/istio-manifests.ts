import { z } from "zod/mini";

/**
 * What is refused in these is what Istio's webhook refuses, in its words.
 * https://github.com/istio/istio/blob/master/pkg/config/validation/validation.go
 */

const text = z.string().check(z.minLength(1));
/** Istio cannot tell an empty list from none, and takes it for "any": whoever writes one means something else. */
const some = z.array(text).check(z.minLength(1, { error: "must not be empty, which Istio takes for any" }));

const metadata = z.strictObject({
  name: text,
  namespace: z._default(text, "default"),
  labels: z.optional(z.record(z.string(), z.string())),
  annotations: z.optional(
    z.record(z.string().check(z.regex(/^(?!istio\.io\/)/, { error: "is not modelled" })), z.string()),
  ),
});

const selector = z.optional(
  z.strictObject({
    matchLabels: z.optional(
      z.record(z.string(), z.string()).check(
        z.refine((labels) => !Object.keys(labels).includes(""), {
          error: "has an empty key: empty key is not supported in selector",
        }),
        z.refine(
          (labels) =>
            !Object.entries(labels)
              .flat()
              .some((part) => part.includes("*")),
          {
            error: "has a wildcard: wildcard is not supported in selector",
          },
        ),
      ),
    ),
  }),
);
const apiVersion = z.enum(["security.istio.io/v1", "security.istio.io/v1beta1"]);

/** https://istio.io/latest/docs/reference/config/security/jwt/ */
const jwtRule = z.strictObject({
  issuer: text,
  // Empty, it is legal, and no audience is checked: the sandbox shows that door open, as it is.
  audiences: z.optional(z.array(text)),
  jwksUri: z.optional(
    text.check(z.refine(isWebAddress, { error: "has a URI scheme that is not supported" })),
  ),
  jwks: z.optional(text.check(z.refine(isJson, { error: "is no JSON, which a set of keys is" }))),
  fromHeaders: z.optional(z.array(z.strictObject({ name: text, prefix: z.optional(z.string()) }))),
  fromParams: z.optional(z.array(text)),
  forwardOriginalToken: z.optional(z.boolean()),
  timeout: z.optional(z.string().check(z.regex(/^\d+(\.\d+)?s$/))),
});

/** https://github.com/istio/istio/blob/master/pkg/config/security/security.go, ParseJwksURI */
function isWebAddress(uri: string): boolean {
  return URL.canParse(uri) && /^https?:$/.test(new URL(uri).protocol);
}

function isJson(content: string): boolean {
  try {
    return typeof JSON.parse(content) === "object";
  } catch {
    return false;
  }
}

export type JwtRule = z.output<typeof jwtRule>;

/** https://istio.io/latest/docs/reference/config/security/request_authentication/ */
const requestAuthenticationSpec = z.strictObject({ selector, jwtRules: z.optional(z.array(jwtRule)) });

/** The keys of a condition that are modelled. https://istio.io/latest/docs/reference/config/security/conditions/ */
const conditionKey = text.check(
  z.regex(
    /^request\.auth\.(principal|audiences|presenter|claims(\[[^[\]]+\])+)$|^request\.headers\[(:(method|authority|path)|[^:[\]][^[\]]*)\]$/,
    {
      error: "is no condition that the sandbox models",
    },
  ),
);

const plainPath = some.check(
  z.refine((paths) => paths.every((path) => !/[{}]/.test(path)), {
    error: "has a template, which is not modelled",
  }),
);

/** What Istio would take for "any", and lets nobody write. */
function notEmpty(name: string) {
  return z.refine<object>((part) => Object.values(part).some((value) => value !== undefined), {
    error: `says nothing: \`${name}\` must not be empty`,
  });
}

const rule = z.strictObject({
  from: z.optional(
    z
      .array(
        z.strictObject({
          source: z
            .strictObject({ requestPrincipals: z.optional(some), notRequestPrincipals: z.optional(some) })
            .check(notEmpty("from.source")),
        }),
      )
      .check(z.minLength(1)),
  ),
  to: z.optional(
    z
      .array(
        z.strictObject({
          operation: z
            .strictObject({
              methods: z.optional(some),
              notMethods: z.optional(some),
              paths: z.optional(plainPath),
              notPaths: z.optional(plainPath),
            })
            .check(notEmpty("to.operation")),
        }),
      )
      .check(z.minLength(1)),
  ),
  when: z.optional(
    z
      .array(
        z.strictObject({ key: conditionKey, values: z.optional(some), notValues: z.optional(some) }).check(
          z.refine(({ values, notValues }) => (values ?? notValues) !== undefined, {
            error: "must have values",
          }),
        ),
      )
      .check(z.minLength(1)),
  ),
});
export type Rule = z.output<typeof rule>;

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
const authorizationPolicySpec = z
  .strictObject({
    selector,
    action: z._default(z.enum(["ALLOW", "DENY"]), "ALLOW"),
    rules: z._default(z.array(rule), []),
  })
  .check(
    z.refine(({ action, rules }) => action === "ALLOW" || rules.length > 0, {
      error: "denies nothing: a deny policy without `rules` is meaningless and has no effect",
    }),
  );

export const requestAuthentication = z.strictObject({
  apiVersion,
  kind: z.literal("RequestAuthentication"),
  metadata,
  spec: requestAuthenticationSpec,
});
export type RequestAuthentication = z.output<typeof requestAuthentication>;

export const authorizationPolicy = z.strictObject({
  apiVersion,
  kind: z.literal("AuthorizationPolicy"),
  metadata,
  spec: authorizationPolicySpec,
});
export type AuthorizationPolicy = z.output<typeof authorizationPolicy>;

export const manifest = z.discriminatedUnion("kind", [requestAuthentication, authorizationPolicy]);
export type Manifest = z.output<typeof manifest>;
