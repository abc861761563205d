import type { ServiceConfig } from "../../cloud/openapi/service-config";
import type { TargetRef } from "../http";

/** ESPv2 or API Gateway, which is the same program at Google's: what it goes by. */
export interface Proxy {
  /** Such as `ESPv2 "orders-api"`. */
  label: string;
  target: TargetRef;
  /** As whom it calls its backend. */
  email: string;
  /** The managed service. */
  serviceName: string;
  config: ServiceConfig;
  /** In which the backend finds the claims of the caller's token. */
  userInfoHeader: string;
  /**
   * Whether `//` in a path is `/`, as it is to ESPv2. To API Gateway it is not:
   * https://docs.cloud.google.com/api-gateway/docs/path-templating
   */
  mergesSlashes: boolean;
  assumed?: string;
}
