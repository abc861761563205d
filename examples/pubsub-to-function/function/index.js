const functions = require("@google-cloud/functions-framework");

// Pub/Sub takes a message as delivered when the answer is 2xx, and sends it again after anything else.
functions.http("handleOrder", (request, response) => {
  const data = Buffer.from(request.body?.message?.data ?? "", "base64").toString("utf8");
  if (data === "") return response.status(400).send("no order in this message");
  console.log(`order ${data}`);
  return response.status(204).send();
});
