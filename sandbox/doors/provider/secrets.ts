/** Outputs that are secret whoever asks, as in the schema of pulumi-gcp; everything else is secret because its input is. */
const ALWAYS: Readonly<Partial<Record<string, readonly string[]>>> = {
  "gcp:secretmanager/secretVersion:SecretVersion": ["secretData"],
};

export function alwaysSecret(token: string): readonly string[] {
  return ALWAYS[token] ?? [];
}
