import { z } from "zod/mini";

/** A `oneof` of Envoy's API: exactly one of these. What is not among them is refused by name. */
export function exactlyOne<
  S extends Record<string, z.core.$ZodType>,
  M extends Record<string, z.core.$ZodType>,
>(shape: S, beside = {} as M) {
  const names = Object.keys(shape);
  return z.strictObject({ ...optionals(shape), ...optionals(beside) }).check(
    z.refine((value) => Object.keys(value).filter((key) => names.includes(key)).length === 1, {
      error: `must have exactly one of ${names.join(", ")}`,
    }),
  );
}

type Optionals<S extends Record<string, z.core.$ZodType>> = { [K in keyof S]: z.ZodMiniOptional<S[K]> };

function optionals<S extends Record<string, z.core.$ZodType>>(shape: S): Optionals<S> {
  return Object.fromEntries(
    Object.entries(shape).map(([key, inner]) => [key, z.optional(inner)]),
  ) as Optionals<S>;
}

export function some<T extends z.core.$ZodType>(item: T, least = 1) {
  return z.array(item).check(z.minLength(least));
}

const text = z.string().check(z.minLength(1));

/**
 * What JavaScript reads otherwise than RE2, or RE2 does not read at all: groups that are more than that, escapes, a bracket as
 * the first of a class, classes by name, a letter's edge in a class, and more than a thousand repetitions.
 * https://github.com/google/re2/wiki/Syntax
 */
const OTHERWISE = /\(\?|\\[0-9cCEkpPQsSu]|\[\^?\]|\[:|\[[^\]]*\\b|\{\d*,?(\d{5,}|[2-9]\d{3}|1(?!000)\d{3})/;

const regex = z.strictObject({
  regex: z.string().check(
    z.refine((pattern) => !OTHERWISE.test(pattern) && isPattern(pattern), {
      error: "is not modelled: RE2 and JavaScript read it otherwise, or it is no regular expression",
    }),
  ),
});

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/string.proto */
export const stringMatcher = exactlyOne(
  { exact: z.string(), prefix: text, suffix: text, contains: text, safe_regex: regex },
  { ignore_case: z.boolean() },
);
export type StringMatcher = z.output<typeof stringMatcher>;

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/value.proto */
export interface ValueMatcher {
  string_match?: StringMatcher | undefined;
  bool_match?: boolean | undefined;
  present_match?: boolean | undefined;
  list_match?: { one_of?: ValueMatcher | undefined } | undefined;
  or_match?: { value_matchers: ValueMatcher[] } | undefined;
}
const valueMatcher: z.ZodMiniType<ValueMatcher> = exactlyOne({
  string_match: stringMatcher,
  bool_match: z.boolean(),
  present_match: z.boolean(),
  list_match: exactlyOne({ one_of: z.lazy(() => valueMatcher) }),
  or_match: z.strictObject({
    value_matchers: some(
      z.lazy(() => valueMatcher),
      2,
    ),
  }),
});

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/metadata.proto */
export const metadataMatcher = z.strictObject({
  filter: text,
  path: some(z.strictObject({ key: text })),
  value: valueMatcher,
  invert: z.optional(z.boolean()),
});
export type MetadataMatcher = z.output<typeof metadataMatcher>;

const PSEUDO_HEADERS: readonly string[] = [":method", ":authority", ":path"];

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-headermatcher */
export const headerMatcher = exactlyOne(
  { string_match: stringMatcher, present_match: z.boolean() },
  { name: text },
).check(
  z.refine(({ name }) => name !== undefined, { error: "must have a name" }),
  z.refine(({ name = "" }) => !name.startsWith(":") || PSEUDO_HEADERS.includes(name.toLowerCase()), {
    error: `has a name that is none of ${PSEUDO_HEADERS.join(", ")}, all pseudo-headers that the sandbox models`,
  }),
);
export type HeaderMatcher = z.output<typeof headerMatcher>;

/** The same page, RouteMatch. */
export const routeMatch = exactlyOne(
  { prefix: text, path: text, path_separated_prefix: text, safe_regex: regex },
  { case_sensitive: z.boolean() },
);
export type RouteMatch = z.output<typeof routeMatch>;
