import { readFileSync } from "node:fs";
import {
  BackendCallers,
  CallerIdentity,
  CloudRunService,
  EndpointsService,
  SchedulerJob,
} from "@automatic-oidc/automatic-oidc";

const region = "us-central1";
const nightly = new CallerIdentity("nightly");
/** What the gateway and the service behind it must agree on. */
const shared = { audience: "https://orders.example.com", callers: { nightly } };

const orders = new CloudRunService("orders", {
  image: "us-docker.pkg.dev/my-project/apps/receiver",
  region,
  environment: new BackendCallers("orders", shared).environment,
});
const api = new EndpointsService("orders-api", {
  ...shared,
  region,
  openapi: readFileSync("openapi.yaml", "utf8"),
  backend: { service: orders.serviceName, region, url: orders.uri },
});
new SchedulerJob("sync", {
  schedule: "0 3 * * *",
  method: "POST",
  path: "/orders/sync",
  target: api.authorize(nightly),
});
