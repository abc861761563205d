import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudRunService,
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
const gateway = new ApiGateway("orders-api", {
  ...shared,
  region,
  backend: { service: orders.serviceName, region, url: orders.uri },
});
new SchedulerJob("sync", {
  schedule: "0 3 * * *",
  method: "POST",
  path: "/orders/sync",
  target: gateway.authorize(nightly),
});
