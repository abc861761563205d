import { z } from "zod/mini";
import type { Failure } from "./kind";
import { region } from "./regions";
import {
  block,
  choice,
  duration,
  flag,
  labels,
  optional,
  pattern,
  projectId,
  text,
  textMap,
  texts,
  whole,
} from "./shapes";
import { serviceAccountEmail } from "./shapes";
import { isProps, isUnknown, knownText, valueAt, type Props } from "./values";

/** Set by Run itself: cloud.google.com/run/docs/container-contract#services-env-vars */
const RESERVED = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];

const scaling = () =>
  block({ minInstanceCount: optional(whole(0, 1_000_000)), maxInstanceCount: optional(whole(0, 1_000_000)) });

const environment = () =>
  block({
    name: z.string().check(
      z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "it must be letters, digits and underscores, no digit first"),
      z.refine((name) => !RESERVED.includes(name), `Run sets ${RESERVED.join(", ")} itself`),
    ),
    value: optional(text(32_768)),
    valueSource: optional(
      block({ secretKeyRef: block({ secret: z.string(), version: optional(z.string()) }) }),
    ),
  });

/** One container of a service or of a job. */
export const container = () =>
  block({
    image: z.string().check(z.regex(/^\S+$/, "it must be the address of a container image")),
    name: optional(pattern(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, "it must be a DNS label")),
    envs: optional(z.array(environment())),
    resources: optional(
      block({ limits: optional(textMap()), cpuIdle: optional(flag), startupCpuBoost: optional(flag) }),
    ),
    ports: optional(
      block({ containerPort: optional(whole(1, 65_535)), name: optional(choice(["http1", "h2c"])) }),
    ),
    volumeMounts: optional(z.array(block({ name: z.string(), mountPath: z.string() }))),
    commands: optional(texts()),
    args: optional(texts()),
  });

const network = () =>
  block({ network: optional(z.string()), subnetwork: optional(z.string()), tags: optional(texts()) });

export const vpcAccess = () =>
  block({
    connector: optional(z.string()),
    egress: optional(choice(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"])),
    networkInterfaces: optional(z.array(network())),
  });

export const volumes = () =>
  z.array(block({ name: z.string(), cloudSqlInstance: optional(block({ instances: optional(texts()) })) }));

const template = () =>
  block({
    serviceAccount: optional(serviceAccountEmail()),
    // cloud.google.com/run/docs/configuring/request-timeout
    timeout: optional(duration(1, 3600)),
    // cloud.google.com/run/docs/about-concurrency
    maxInstanceRequestConcurrency: optional(whole(1, 1000)),
    labels: optional(labels()),
    annotations: optional(textMap()),
    scaling: optional(scaling()),
    containers: z.array(container()).check(z.minLength(1)),
    vpcAccess: optional(vpcAccess()),
    volumes: optional(volumes()),
  });

const traffic = () =>
  block({
    type: optional(choice(["TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"])),
    percent: optional(whole(0, 100)),
  });

/** The limits: docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services */
export const runSchema = () =>
  block({
    name: pattern(
      /^[a-z](?:[-a-z0-9]{0,47}[a-z0-9])?$/,
      "it must be fewer than 50 lower-case letters, digits and dashes, a letter first and no dash last",
    ),
    location: region(),
    project: optional(projectId()),
    description: optional(text(512)),
    labels: optional(labels()),
    annotations: optional(textMap()),
    ingress: optional(
      choice([
        "INGRESS_TRAFFIC_ALL",
        "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
      ]),
    ),
    customAudiences: optional(
      texts().check(
        // cloud.google.com/run/docs/configuring/custom-audiences
        z.refine(
          (list) => JSON.stringify(list).length <= 32_768,
          "its JSON form must be at most 32768 characters",
        ),
      ),
    ),
    deletionProtection: optional(flag),
    iapEnabled: optional(flag),
    invokerIamDisabled: optional(flag),
    defaultUriDisabled: optional(flag),
    scaling: optional(scaling()),
    traffics: optional(z.array(traffic())),
    template: template(),
  });

export type RunInputs = z.infer<ReturnType<typeof runSchema>>;

export function runRules(inputs: Props): Failure[] {
  return [...instanceRules(inputs), ...templateRules(inputs, "template")];
}

/** What holds for whatever runs containers: `at` is the path of its template. */
export function templateRules(inputs: Props, at: string): Failure[] {
  return [...networkRules(inputs, at), ...mountRules(inputs, at), ...sourceRules(inputs, at)];
}

function instanceRules(inputs: Props): Failure[] {
  return ["scaling", "template.scaling"].flatMap((path) => {
    const [min, max] = [
      valueAt(inputs, `${path}.minInstanceCount`),
      valueAt(inputs, `${path}.maxInstanceCount`),
    ];
    // 0 leaves the maximum to Google.
    if (typeof min !== "number" || typeof max !== "number" || max === 0 || min <= max) return [];
    return [
      {
        property: `${path}.minInstanceCount`,
        reason: `has an invalid value ${min}: it is more than maxInstanceCount, ${max}`,
      },
    ];
  });
}

function networkRules(inputs: Props, at: string): Failure[] {
  const connector = knownText(inputs, `${at}.vpcAccess.connector`);
  const interfaces = valueAt(inputs, `${at}.vpcAccess.networkInterfaces`);
  if (connector === undefined || !Array.isArray(interfaces)) return [];
  return [
    {
      property: `${at}.vpcAccess.connector`,
      reason: "conflicts with networkInterfaces: give one of the two",
    },
  ];
}

function mountRules(inputs: Props, at: string): Failure[] {
  const volumes = valueAt(inputs, `${at}.volumes`) ?? [];
  if (!Array.isArray(volumes) || !volumes.every((volume) => isProps(volume) && !isUnknown(volume.name)))
    return [];
  const names = volumes.map((volume: Props) => volume.name);
  return containersOf(inputs, at).flatMap(({ item, path }) =>
    list(item.volumeMounts).flatMap((mount, index) =>
      typeof mount.name !== "string" || names.includes(mount.name)
        ? []
        : [
            {
              property: `${path}.volumeMounts[${index}].name`,
              reason: `has an invalid value "${mount.name}": there is no such volume`,
            },
          ],
    ),
  );
}

function sourceRules(inputs: Props, at: string): Failure[] {
  return containersOf(inputs, at).flatMap(({ item, path }) =>
    list(item.envs).flatMap((env, index) =>
      env.value !== undefined && !isUnknown(env.value) && isProps(env.valueSource)
        ? [
            {
              property: `${path}.envs[${index}]`,
              reason: "has both a value and a valueSource: give one of the two",
            },
          ]
        : [],
    ),
  );
}

function containersOf(inputs: Props, at: string): { item: Props; path: string }[] {
  return list(valueAt(inputs, `${at}.containers`)).map((item, index) => ({
    item,
    path: `${at}.containers[${index}]`,
  }));
}

function list(value: unknown): Props[] {
  return Array.isArray(value) ? value.map((item: unknown) => (isProps(item) ? item : {})) : [];
}
