import {
  callerOf,
  createVerifier,
  readPubSubPush,
  readSchedulerHeaders,
  readTasksHeaders,
} from "@automatic-oidc/verify";
import { expressMiddleware } from "@automatic-oidc/verify/express";
import express from "express";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
});

const app = express();
app.use(
  expressMiddleware(verifier, {
    onRefused: (error) => {
      console.warn(error.message);
    },
  }),
);
app.use(express.json());
app.post("/", (request, response) => {
  const job = readSchedulerHeaders(request.headers);
  const task = readTasksHeaders(request.headers);
  // What comes twice has the same name twice: the run of a job, a task, a message.
  const name =
    job !== undefined
      ? `job ${job.jobName} at ${job.scheduleTime ?? "no time"}`
      : task !== undefined
        ? `task ${task.taskName}, attempt ${task.retryCount + 1}`
        : `message ${readPubSubPush(request.body).message.messageId}`;
  response.send(`${name}, from ${callerOf(request).email}`);
});
app.listen(process.env.PORT ?? 8080);
