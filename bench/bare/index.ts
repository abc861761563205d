/*
 * What `index.ts` deploys for the dev stack without gateways, mesh and Envoy, by hand and without components: the same
 * resources with the same inputs, in the same order. It is what the components are measured against, so nothing is done here that a careful person would leave out.
 */
import * as pulumi from "@pulumi/pulumi";
import { caller } from "./caller";
import "./sources";
import { applicationTarget, authfnTarget, authfnV1Target, helloTarget } from "./targets";
import type { Target } from "./targets";

const call = ({ url, audience }: Target) => ({ url, audience });

export { caller };
export const calls = {
  psub: call(helloTarget),
  psubgcf: call(authfnTarget),
  oidctest: call(helloTarget),
  gcftest: call(authfnTarget),
  "gcftest-v1": call(authfnV1Target),
  apptest: call(applicationTarget),
  tasktest: call(helloTarget),
};
export const furtherRegions = {};
export const verifier = {
  audience: applicationTarget.audience,
  allowedCallers: pulumi.all([caller]),
  issuer: "https://accounts.google.com",
  jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
};
