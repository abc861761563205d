import { z } from "zod/mini";
import { CloudError } from "../errors";
import { kind, type Context, type Failure, type Kind, type Made } from "./kind";
import { isUnknown, knownText, UNKNOWN, type Props } from "./values";

/** Where a binding lies: the parts of the resource's id. */
type Parts = Readonly<Record<string, string>>;

export interface MemberSpec {
  token: string;
  apis: readonly string[];
  /** The id of the resource that is granted on, as in projects/{project}/topics/{topic}. */
  template: string;
  /** The input that names the resource, by its last part or by the whole id. */
  resource: string;
  /** The resource's full name; throws NOT_FOUND if there is no such resource. */
  fullName(cx: Context, parts: Parts): string;
  /** Why the API refuses this role on this kind of resource. */
  refusal?(role: string): string | undefined;
  deleteBeforeReplace?: boolean;
  /** The last part of the id alone does not do. */
  wholeIdOnly?: boolean;
}

interface Inputs extends Record<string, string> {
  role: string;
  member: string;
}

// cloud.google.com/iam/docs/principal-identifiers
const MEMBER = /^(allUsers|allAuthenticatedUsers|[A-Za-z]+:.+)$/;
const ROLE = /^(projects\/[^/]+\/|organizations\/[^/]+\/)?roles\/[A-Za-z0-9_.]+$/;
const ID = /^(.+?)[/ ]((?:(?:projects|organizations)\/[^/]+\/)?roles\/[^/ ]+)[/ ]([^/]+)$/;

/** A kind that adds one member to one role of one resource's policy, and takes it away again. */
export function memberKind(spec: MemberSpec): Kind<never> {
  const places = inputPlacesOf(spec);
  return kind(() => schemaOf(spec, places), {
    token: spec.token,
    apis: spec.apis,
    replaceOn: "everything",
    deleteBeforeReplace: spec.deleteBeforeReplace ?? false,
    fromProvider: {},
    // A name and the whole id that ends in it are the same resource, as long as nothing else says where it lies.
    same: { [spec.resource]: (one, other) => one.endsWith(`/${other}`) || other.endsWith(`/${one}`) },
    computed: [...places, "etag"],
    planned: (inputs, cx) => {
      if (isUnknown(inputs[spec.resource])) return {};
      const parts = partsOf(spec, cx, inputs);
      return Object.fromEntries(places.map((place) => [place, parts[place] ?? UNKNOWN]));
    },
    rules: (inputs) => missingResource(spec, inputs),
    create: (cx, inputs) => grant(spec, places, cx, inputs),
    delete: (cx, current) => {
      const parts = knownParts(spec, cx, current.inputs);
      const { role, member } = current.inputs;
      // With the resource went its policy.
      const resource = found(() => spec.fullName(cx, parts));
      if (resource !== undefined) cx.cloud.iam.revoke(resource, { role, member });
    },
    read: (cx, id) => read(spec, places, cx, id),
  });
}

function schemaOf(spec: MemberSpec, inputPlaces: readonly string[]): z.core.$ZodType<Inputs> {
  const shape = {
    role: z.string().check(z.regex(ROLE, 'it must be a role, as in "roles/run.invoker"')),
    member: z
      .string()
      .check(
        z.regex(MEMBER, 'it must be a member, as in "serviceAccount:caller@project.iam.gserviceaccount.com"'),
      ),
    [spec.resource]: z.string().check(z.minLength(1)),
    ...Object.fromEntries(inputPlaces.map((place) => [place, z.optional(z.string().check(z.minLength(1)))])),
  };
  return z.strictObject(shape) as unknown as z.core.$ZodType<Inputs>;
}

function missingResource(spec: MemberSpec, inputs: Props): Failure[] {
  const name = knownText(inputs, spec.resource);
  if (name === undefined || parse(spec, name) !== undefined) return [];
  if (!name.includes("/") && spec.wholeIdOnly !== true) return [];
  const short = spec.wholeIdOnly === true ? "" : "the name alone, or ";
  const reason = `has an invalid value ${JSON.stringify(name)}: it must be ${short}written like ${spec.template}`;
  return [{ property: spec.resource, reason }];
}

function grant(spec: MemberSpec, places: readonly string[], cx: Context, inputs: Inputs): Made {
  const parts = knownParts(spec, cx, inputs);
  const { role, member } = inputs;
  const refusal = spec.refusal?.(role);
  if (refusal !== undefined) throw new CloudError("INVALID_ARGUMENT", refusal);
  const resource = spec.fullName(cx, parts);
  cx.cloud.iam.grant(resource, { role, member });
  return {
    id: bindingId(spec, parts, inputs),
    computed: {
      ...Object.fromEntries(places.map((place) => [place, parts[place]])),
      etag: cx.cloud.iam.etag(resource),
    },
  };
}

function read(
  spec: MemberSpec,
  places: readonly string[],
  cx: Context,
  id: string,
): { id: string; inputs: Props; computed: Props } | undefined {
  const [, resourceId = "", role = "", member = ""] = ID.exec(id) ?? [];
  const parts = parse(spec, resourceId);
  if (parts === undefined) return undefined;
  const resource = found(() => spec.fullName(cx, parts));
  if (resource === undefined) return undefined;
  const wanted = member.toLowerCase();
  const bindings = cx.cloud.iam.bindings(resource);
  if (!bindings.some((binding) => binding.role === role && binding.member.toLowerCase() === wanted)) {
    return undefined;
  }
  const name = spec.wholeIdOnly === true ? resourceId : parts[spec.resource];
  const inputs = { [spec.resource]: name, role, member };
  const where = Object.fromEntries(places.map((place) => [place, parts[place]]));
  return {
    // An import may write it with blanks.
    id: bindingId(spec, parts, { role, member }),
    inputs: { ...inputs, ...where },
    computed: { etag: cx.cloud.iam.etag(resource) },
  };
}

function found(look: () => string): string | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof CloudError && error.status === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** The inputs that say where the resource lies, beside its name. */
function inputPlacesOf(spec: MemberSpec): string[] {
  return spec.wholeIdOnly === true ? [] : placesOf(spec);
}

function placesOf(spec: MemberSpec): string[] {
  const parts = [...spec.template.matchAll(/\{(\w+)\}/g)].map(([, part = ""]) => part);
  return parts.filter((part) => part !== spec.resource);
}

/** The parts that are known, taken from a whole id, the inputs, or the provider's configuration. */
function partsOf(spec: MemberSpec, cx: Context, inputs: Props): Props {
  const name = inputs[spec.resource];
  const whole = typeof name === "string" ? parse(spec, name) : undefined;
  if (whole !== undefined) return whole;
  const parts: Props = { [spec.resource]: name };
  for (const place of placesOf(spec)) {
    parts[place] = inputs[place] ?? (place === "project" ? cx.config.project : cx.config.region);
  }
  return parts;
}

function knownParts(spec: MemberSpec, cx: Context, inputs: Props): Parts {
  const parts = partsOf(spec, cx, inputs);
  for (const [part, value] of Object.entries(parts)) {
    if (typeof value !== "string") {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `${spec.token}: "${part}" is required but set nowhere, here or in the provider.`,
      );
    }
  }
  return parts as Parts;
}

function parse(spec: MemberSpec, text: string): Parts | undefined {
  const expression = spec.template.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${expression}$`).exec(text)?.groups;
}

function bindingId(
  spec: MemberSpec,
  parts: Parts,
  { role, member }: { role: string; member: string },
): string {
  return `${idOf(spec, parts)}/${role}/${member}`;
}

function idOf(spec: MemberSpec, parts: Parts): string {
  return spec.template.replace(/\{(\w+)\}/g, (_, part: string) => parts[part] ?? "");
}
