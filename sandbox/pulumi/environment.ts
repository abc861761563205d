import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Folder } from "../host/folder";
import type { Serving } from "../host/claim";

/** Whatever of one's own could lead to the real Google Cloud, to a real stack, or elsewhere into the network. */
const TAKEN_AWAY: readonly RegExp[] = [
  /^(GOOGLE|CLOUDSDK|GCLOUD|GCP|GCE)_/,
  /^(GCLOUD_PROJECT|DEVSHELL_PROJECT_ID|BOTO_CONFIG)$/,
  /^PULUMI_(ACCESS_TOKEN|API|BACKEND_URL|CLOUD_URL|CREDENTIALS_PATH|HOME|CONFIG|CONFIG_PASSPHRASE(_FILE)?|DEBUG_PROVIDERS|STACK|GCP_.*|DIY_BACKEND_.*|SELF_MANAGED_.*)$/,
  /^(https?|all|grpc|ftp)_proxy$/i,
  /^no(_grpc)?_proxy$/i,
];

/** Port 9 is where the protocol for throwing everything away would be. Nothing answers, so the way out ends here. */
const DEAD_END = "http://127.0.0.1:9";
const LOOPBACK = "127.0.0.1,localhost,::1";

/** The environment of Pulumi in the sandbox: everything of its own, and no way to the real one. */
export function environment(
  given: Readonly<Record<string, string | undefined>>,
  folder: Folder,
  serving: Serving,
): Record<string, string> {
  const kept = Object.entries(given).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !TAKEN_AWAY.some((pattern) => pattern.test(entry[0])),
  );
  return {
    ...Object.fromEntries(kept),
    PULUMI_HOME: folder.pulumiHome,
    PULUMI_BACKEND_URL: pathToFileURL(folder.pulumiState).href,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    SANDBOX_ADDRESS: serving.address,
    SANDBOX_SECRET: serving.secret,
    ...proxies(),
    // Whatever asks Google's client libraries for credentials finds none, instead of one's own.
    GOOGLE_APPLICATION_CREDENTIALS: join(folder.path, "no-credentials.json"),
    CLOUDSDK_CONFIG: join(folder.path, "no-gcloud"),
    GCE_METADATA_HOST: "127.0.0.1:9",
    GCE_METADATA_IP: "127.0.0.1:9",
    METADATA_SERVER_DETECTION: "none",
    NO_GCE_CHECK: "true",
  };
}

function proxies(): Record<string, string> {
  const lower = {
    http_proxy: DEAD_END,
    https_proxy: DEAD_END,
    all_proxy: DEAD_END,
    grpc_proxy: DEAD_END,
    no_proxy: LOOPBACK,
    no_grpc_proxy: LOOPBACK,
  };
  const upper = Object.entries(lower).map(([name, value]) => [name.toUpperCase(), value] as const);
  return { ...lower, ...Object.fromEntries(upper) };
}
