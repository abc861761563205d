import { z } from "zod/mini";
import { CloudError } from "../errors";
import { iapRunServiceName } from "../names";
import { kind, type Context, type Identity, type Kind } from "./kind";
import { RUN_SERVICE, runServiceId } from "./run-service";
import { block, optional, pattern } from "./shapes";

const NAME = /^projects\/([^/]+)\/iap_web\/cloud_run-([^/]+)\/services\/([^/]+)$/;

/** docs.cloud.google.com/iap/docs/reference/rest/v1/IapSettings#OAuthSettings. Assumed: that every id has the form that the console gives. */
const clientId = () =>
  pattern(
    /^[A-Za-z0-9_-]+\.apps\.googleusercontent\.com$/,
    "it must be the id of an OAuth client, as in 123456789012-abc.apps.googleusercontent.com",
  );

/**
 * Settings of IAP before one Run service. The provider's page lists the names of other things only; this one is written as
 * that of the service's IAP policy. Settings further up, which the service would inherit, are not modelled.
 * https://docs.cloud.google.com/iap/docs/reference/rest/v1/IapSettings
 */
export const iapSettings: Kind<never> = kind(
  () =>
    block({
      name: pattern(
        NAME,
        "the sandbox models settings of one Run service only, as in projects/PROJECT/iap_web/cloud_run-REGION/services/NAME",
      ),
      accessSettings: optional(
        block({ oauthSettings: optional(block({ programmaticClients: optional(z.array(clientId())) })) }),
      ),
    }),
  {
    token: "gcp:iap/settings:Settings",
    apis: ["iap.googleapis.com"],
    replaceOn: ["name"],
    fromProvider: {},
    computed: [],
    identify: (cx, { name }) => settingsOf(cx, name),
    create: () => ({ computed: {} }),
    update: () => ({ computed: {} }),
  },
);

function settingsOf(cx: Context, name: string): Identity {
  const [, project = "", region = "", service = ""] = NAME.exec(name) ?? [];
  const { id } = cx.cloud.projects.require(project);
  if (cx.cloud.store.get(RUN_SERVICE, runServiceId(id, region, service)) === undefined) {
    throw new CloudError("NOT_FOUND", "Requested entity was not found.");
  }
  return { id: `${name}/iapSettings`, fullName: iapRunServiceName(id, region, service), project: id };
}
