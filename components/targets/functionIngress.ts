/** From where a function can be reached at all, before anyone asks who calls. */
export const FunctionIngress = {
  /** From everywhere. */
  All: "ALLOW_ALL",
  /** From the project's own networks, and from Scheduler, Tasks and Pub/Sub of the same project or perimeter. */
  Internal: "ALLOW_INTERNAL_ONLY",
  /** The same, and from Google's load balancers. */
  InternalLoadBalancer: "ALLOW_INTERNAL_AND_GCLB",
} as const;
export type FunctionIngress = (typeof FunctionIngress)[keyof typeof FunctionIngress];
