import { kindOf } from "../../cloud/resources/kinds";
import { LABEL_OUTPUTS } from "../../cloud/resources/labelled";

const SECRET_DATA: Readonly<Partial<Record<string, readonly string[]>>> = {
  "gcp:secretmanager/secretVersion:SecretVersion": ["secretData"],
};

/** Outputs that pulumi-gcp's schema makes secret whatever they are made from; the rest is secret where its input is. */
export function alwaysSecret(token: string): readonly string[] {
  const labels = LABEL_OUTPUTS.filter((path) => kindOf(token).computed.includes(path));
  return [...(SECRET_DATA[token] ?? []), ...labels];
}
