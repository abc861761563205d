import type { Cloud } from "../../cloud/cloud";
import type { Api } from "./api";
import { keysApi } from "./apis/keys";

/** Every API that needs nothing but the cloud. */
export function googleApis(cloud: Cloud): Api[] {
  return [keysApi(cloud.tokens)];
}
