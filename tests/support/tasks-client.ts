import { CloudTasksClient } from "@google-cloud/tasks";
import { UserRefreshClient } from "google-auth-library";

type AuthClient = NonNullable<ConstructorParameters<typeof CloudTasksClient>[0]>["authClient"];

/** Google's own client, told to speak REST with a sandbox, as in 127.0.0.1:8085. */
export function tasksClient(address: string, accessToken: string): CloudTasksClient {
  const [apiEndpoint = "", port = ""] = address.split(":");
  const authClient = new UserRefreshClient();
  // By itself it would load a library in a way that jest has not.
  authClient.transporter.defaults.fetchImplementation = fetch;
  authClient.setCredentials({ access_token: accessToken });
  const options = { fallback: true, protocol: "http", apiEndpoint, port: Number(port) };
  // The client has a copy of the library of its own, whose classes are others to the compiler.
  return new CloudTasksClient({ ...options, authClient: authClient as unknown as AuthClient });
}
