import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pubsub from "@pulumi/gcp/pubsub";
import { CallerIdentity, CloudRunService, PushSubscription, SchedulerJob, TaskQueue } from "../../components";
import { snapshotOf } from "../../sandbox/cloud/snapshot";
import type { Made } from "../../sandbox/doors/provider/door";
import { PROJECT, TestStack } from "./stack";

export const REGION = "us-central1";
export const CALLER = `the-caller@${PROJECT.id}.iam.gserviceaccount.com`;

/** One target, with a source of each kind, and a queue that holds its tasks back. */
export function sources(): void {
  const hello = new CloudRunService("hello", { image: "hello", region: REGION });
  const target = hello.authorize(new CallerIdentity("caller", { accountId: "the-caller" }));
  const absent = new CloudRunService("absent", { image: "absent", region: REGION });
  new SchedulerJob("hourly", { schedule: "0 * * * *", target, jobName: "hourly-job" });
  new SchedulerJob("nowhere", {
    schedule: "0 0 1 1 *",
    target: absent.authorize(new CallerIdentity("other", { accountId: "the-other" })),
  });
  new PushSubscription("pushed", { target, topic: new pubsub.Topic("news", { name: "news" }).id });
  new TaskQueue("orders", {
    region: REGION,
    target,
    queueName: "orders",
    retry: { minBackoff: "3600s", maxBackoff: "3600s" },
  });
  new TaskQueue("held", { region: REGION, target, queueName: "held", paused: true });
}

export const APPS = JSON.stringify({ images: { hello: "app" } });

/** Says who called and in which process; "fail" in the body makes it fail, "end" makes it end. */
export const APP = `
  require("node:http").createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const claims = (request.headers.authorization ?? "").split(".")[1] ?? "";
    const { email } = JSON.parse(Buffer.from(claims, "base64url"));
    const wanted = Buffer.from((body.startsWith("{") ? JSON.parse(body) : {}).message?.data ?? "", "base64") + body;
    if (wanted.includes("fail")) response.statusCode = 500;
    response.end(JSON.stringify({ email, pid: process.pid, greeting: process.env.GREETING }), () => {
      if (wanted.includes("end")) process.exit(0);
    });
  }).listen(process.env.PORT);
`;

/** The stack above, deployed, as `.sandbox` keeps it. */
export async function keepDeployed(folder: string): Promise<void> {
  const stack = new TestStack();
  const { resources } = await stack.up(sources);
  const made: Made[] = resources.flatMap(({ urn, type, id }) =>
    id === undefined ? [] : [{ urn, token: type, id }],
  );
  mkdirSync(folder, { recursive: true });
  const state = { version: 1, snapshot: snapshotOf(stack.cloud), ahead: 0, made };
  writeFileSync(join(folder, "cloud.json"), JSON.stringify(state));
}
