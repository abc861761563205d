import { CallerIdentity, CloudRunService, TaskQueue, TokenAgent } from "@automatic-oidc/automatic-oidc";
import * as pulumi from "@pulumi/pulumi";

const caller = new CallerIdentity("orders", { agents: [TokenAgent.Tasks] });
const worker = new CloudRunService("worker", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});
const shop = new CloudRunService("shop", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});

const orders = new TaskQueue("orders", {
  region: "us-central1",
  target: worker.authorize(caller),
  rateLimits: { maxDispatchesPerSecond: 10 },
  enqueuers: { shop: pulumi.interpolate`serviceAccount:${shop.runtimeEmail}` },
});

/** What the shop has to know. */
export const enqueueWith = orders.enqueuerSettings;
