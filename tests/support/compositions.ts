import fc from "fast-check";
import type { PushSubscriptionArgs, SchedulerJobArgs, TaskQueueArgs } from "../../components";

/** A program made at random: who calls, what is called, and which source calls what as whom (by index). */
export interface Composition {
  readonly callers: readonly { readonly name: string; readonly kind: CallerKind }[];
  readonly targets: readonly { readonly name: string; readonly kind: TargetKind }[];
  readonly edges: readonly EdgeSpec[];
  /** What is added beside it, and has nothing to do with it. */
  readonly unrelated: "caller" | "service" | "source";
}

export type CallerKind = "own" | "custom role" | "existing";
export type TargetKind =
  | "service"
  | "service with an audience"
  | "function"
  | "function v1"
  | "brought"
  | "application"
  | "endpoints"
  | "api gateway"
  | "mesh"
  | "envoy";

/** Targets that are told their callers when they are made; the others get a grant for each. */
const TOLD: readonly TargetKind[] = ["application", "endpoints", "api gateway", "mesh", "envoy"];

export interface EdgeSpec {
  readonly name: string;
  readonly caller: number;
  readonly target: number;
  readonly source:
    | { readonly kind: "job"; readonly options: Partial<SchedulerJobArgs> }
    | {
        readonly kind: "queue";
        readonly hasEnqueuer: boolean;
        readonly options: Partial<TaskQueueArgs>;
      }
    | {
        readonly kind: "push";
        readonly sharedTopic: boolean;
        readonly options: Partial<PushSubscriptionArgs>;
      };
}

export function isTold(kind: TargetKind): boolean {
  return TOLD.includes(kind);
}

/** Whom a target lets in, by index. One that is told its callers has to know somebody: the first, where nobody calls it. */
export function knownTo({ targets, edges }: Composition, target: number): number[] {
  const callers = edges.filter((edge) => edge.target === target).map(({ caller }) => caller);
  const { kind = "service" } = targets[target] ?? {};
  return callers.length === 0 && isTold(kind) ? [0] : [...new Set(callers)];
}

const ODD_NAMES = [
  "Upper-CASE",
  "snake_case.and.dots",
  "3rd-digit-first",
  "ends-with-a-hyphen-",
  "-starts-with-one",
  "Grüße an die Welt",
  "日本語の名前",
  "🚀",
  "goog-is-reserved",
  "google",
  "with/slash and $ign",
  "a::b",
  "x",
  "l".repeat(49),
  `${"very-".repeat(40)}long`,
  "語".repeat(60),
];

const nameOf = fc.oneof(
  fc.constantFrom(...ODD_NAMES),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,24}$/),
  // Callers stand under their names in maps, where the components refuse this one.
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 70 }).filter((name) => name !== "__proto__"),
);

/**
 * Different names, of which none is the front part of another: components name their children after themselves with a
 * hyphen, so "a" with a child "b-c" and "a-b" with a child "c" would be two of one name.
 */
const names = fc
  .uniqueArray(nameOf, { minLength: 7, maxLength: 7 })
  .filter((all) =>
    all.every((one) => !all.some((other) => one.startsWith(`${other}-`)) && !one.startsWith("unrelated")),
  );

const path = fc.constantFrom(undefined, "work", "/a/b", "tasks/%C3%BC/");
const query = fc.constantFrom(undefined, { day: "1", what: "a&b" });

const job = fc.record({
  kind: fc.constant("job" as const),
  options: fc.record({
    path,
    query,
    timeZone: fc.constantFrom("Etc/UTC", "Asia/Tokyo"),
    body: fc.constantFrom(undefined, "text", { some: ["json"] }),
    paused: fc.boolean(),
  }),
});

const push = fc.record({
  kind: fc.constant("push" as const),
  sharedTopic: fc.boolean(),
  options: fc.record({
    path,
    query,
    ordering: fc.boolean(),
    unwrapped: fc.boolean(),
    filter: fc.constantFrom(undefined, "NOT attributes:internal"),
    deadLetters: fc.constantFrom(undefined, {}, { maxDeliveryAttempts: 5 }),
  }),
});

const queue = fc.record({
  kind: fc.constant("queue" as const),
  hasEnqueuer: fc.boolean(),
  options: fc.record({
    path,
    query,
    paused: fc.boolean(),
    method: fc.constantFrom(undefined, "GET" as const, "PUT" as const),
    rateLimits: fc.constantFrom(undefined, { maxDispatchesPerSecond: 0.5 }),
    headers: fc.constantFrom(undefined, { "X-Shop": "eu" }),
    tasksNameCaller: fc.boolean(),
  }),
});

/** What is quick to deploy comes more often. */
const callerKind = weighted<CallerKind>({ own: 2, existing: 2, "custom role": 1 });
const targetKind = weighted<TargetKind>({
  service: 3,
  "service with an audience": 3,
  function: 1,
  "function v1": 1,
  brought: 2,
  application: 2,
  endpoints: 2,
  "api gateway": 2,
  mesh: 2,
  envoy: 2,
});

function weighted<T extends string>(weights: Readonly<Record<T, number>>): fc.Arbitrary<T> {
  const kinds = Object.keys(weights) as T[];
  return fc.oneof(...kinds.map((kind) => ({ arbitrary: fc.constant(kind), weight: weights[kind] })));
}

/** Up to two callers, two targets and three sources, which share these as it happens. */
export const compositions: fc.Arbitrary<Composition> = fc
  .tuple(
    names,
    fc.array(callerKind, { minLength: 1, maxLength: 2 }),
    fc.array(targetKind, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(fc.nat(1), fc.nat(1), fc.oneof(job, push, queue)), { minLength: 1, maxLength: 3 }),
    fc.constantFrom("caller" as const, "service" as const, "source" as const),
  )
  .map(([all, callers, targets, edges, unrelated]) => ({
    unrelated,
    callers: callers.map((kind, i) => ({ name: all[i] ?? "", kind })),
    targets: targets.map((kind, i) => ({ name: all[2 + i] ?? "", kind })),
    edges: edges.map(([caller, target, source], i) => ({
      name: all[4 + i] ?? "",
      caller: caller % callers.length,
      target: target % targets.length,
      source,
    })),
  }));
