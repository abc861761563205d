"use strict";

/**
 * @typedef {object} Settings What `enqueuerSettings` of a TaskQueue says.
 * @property {string} queue
 * @property {string} url
 * @property {string} serviceAccountEmail
 * @property {string} audience
 */

/**
 * Puts a task into a queue that adds the token itself. Whoever does this may enqueue, and needs no right on any account.
 *
 * @param {import("@google-cloud/tasks").CloudTasksClient} client
 * @param {Settings} settings
 * @param {unknown} payload
 * @returns {Promise<string>} The task's name.
 */
async function enqueue(client, { queue, url }, payload) {
  return create(client, queue, requestOf(url, payload));
}

/**
 * Puts a task that names account and audience itself, for a queue that adds no token, or other accounts in one queue. Whoever does
 * this must be allowed to act as the account as well.
 *
 * @param {import("@google-cloud/tasks").CloudTasksClient} client
 * @param {Settings} settings
 * @param {unknown} payload
 * @returns {Promise<string>} The task's name.
 */
async function enqueueWithToken(client, { queue, url, serviceAccountEmail, audience }, payload) {
  // Without an audience Google would take the whole address, which most targets refuse with 401.
  return create(client, queue, { ...requestOf(url, payload), oidcToken: { serviceAccountEmail, audience } });
}

function requestOf(url, payload) {
  return {
    url,
    httpMethod: "POST",
    // Cloud Tasks sets none.
    headers: { "Content-Type": "application/json" },
    body: Buffer.from(JSON.stringify(payload)).toString("base64"),
  };
}

async function create(client, parent, httpRequest) {
  const [task] = await client.createTask({ parent, task: { httpRequest } });
  return task.name;
}

module.exports = { enqueue, enqueueWithToken };
