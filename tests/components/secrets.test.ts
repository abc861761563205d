import * as secretmanager from "@pulumi/gcp/secretmanager";
import * as pulumi from "@pulumi/pulumi";
import { CloudFunction, CloudFunctionV1, CloudRunService } from "../../components";
import { TestStack } from "../support/stack";

const region = "us-central1";
const SOURCE = { source: "apps/authfn", entryPoint: "helloHttp", region };

/** Other languages hand the whole reference over as an output, since plain data is all that they share with a component. */
test("a secret may be named by an output, and is used as one that is named right away", async () => {
  const program = (whole: boolean) => (): void => {
    const secret = new secretmanager.Secret("token", { secretId: "token", replication: { auto: {} } });
    const version = new secretmanager.SecretVersion("token", { secret: secret.id, secretData: "s3cret" });
    const reference = (plain: { secret: string; version?: string }) => (whole ? pulumi.output(plain) : plain);
    const secrets = { B: reference({ secret: "token", version: "1" }), A: reference({ secret: "token" }) };
    const after = { dependsOn: [version] };
    new CloudRunService("run", { image: "hello", region, secrets, deletionProtection: false }, after);
    new CloudFunction("second", { ...SOURCE, secrets }, after);
    new CloudFunctionV1("first", { ...SOURCE, secrets }, after);
  };
  const stack = new TestStack();
  const plain = await stack.up(program(false));
  const whole = await stack.up(program(true));
  const withoutGrants = whole.changes().filter((change) => !change.includes("SecretIamMember"));
  expect(withoutGrants).toEqual([]);
  for (const { resources } of [plain, whole]) {
    const inputs = JSON.stringify(resources.filter(({ name }) => ["run", "second", "first"].includes(name)));
    expect(inputs.match(/"version":"latest"/g)).not.toBeNull();
    expect(inputs.match(/"version":"1"/g)).not.toBeNull();
  }
  // Named after the secret where its name is known here, else after the variable.
  expect(plain.lines()).toContain("SecretIamMember run-secret-token");
  expect(whole.lines()).toEqual(
    expect.arrayContaining(["SecretIamMember run-secret-A", "SecretIamMember run-secret-B"]),
  );
});
