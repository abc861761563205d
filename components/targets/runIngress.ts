/** From where a service can be reached at all, before anyone asks who calls. */
export const RunIngress = {
  /** From everywhere. */
  All: "INGRESS_TRAFFIC_ALL",
  /** From the project's own networks, and from Scheduler, Tasks and Pub/Sub of the same project or perimeter. */
  Internal: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  /** The same, and from Google's load balancers. */
  InternalLoadBalancer: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
} as const;
export type RunIngress = (typeof RunIngress)[keyof typeof RunIngress];
