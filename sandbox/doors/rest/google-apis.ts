import type { Cloud } from "../../cloud/cloud";
import type { Api } from "./api";
import { discoveryApi } from "./apis/discovery";
import { iamCredentialsApi } from "./apis/iam-credentials";
import { keysApi } from "./apis/keys";
import { oauthApi } from "./apis/oauth";
import { tokeninfoApi } from "./apis/tokeninfo";

/** Every API that needs nothing but the cloud. What a workload runs as is not among it: see `metadataApi`. */
export function googleApis(cloud: Cloud): Api[] {
  return [
    keysApi(cloud.tokens),
    discoveryApi(),
    oauthApi(cloud),
    tokeninfoApi(cloud),
    iamCredentialsApi(cloud),
  ];
}
