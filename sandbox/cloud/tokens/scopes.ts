import { CLOUD_PLATFORM } from "./access-tokens";

/** What a scope of Google's looks like. https://developers.google.com/identity/protocols/oauth2/scopes */
export const SCOPE = /^(?:openid|email|profile|https:\/\/[a-z0-9.-]+\.(?:googleapis|google)\.com\/\S*)$/;

const AUTH = "https://www.googleapis.com/auth";

/** Those of what the sandbox has, and those that say who somebody is. https://developers.google.com/identity/protocols/oauth2/scopes */
export const KNOWN_SCOPES: readonly string[] = [
  CLOUD_PLATFORM,
  `${AUTH}/cloud-platform.read-only`,
  `${AUTH}/cloud-tasks`,
  `${AUTH}/devstorage.full_control`,
  `${AUTH}/devstorage.read_only`,
  `${AUTH}/devstorage.read_write`,
  `${AUTH}/iam`,
  `${AUTH}/logging.write`,
  `${AUTH}/pubsub`,
  `${AUTH}/userinfo.email`,
  `${AUTH}/userinfo.profile`,
  "email",
  "openid",
  "profile",
];
