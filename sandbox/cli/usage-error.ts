/** Something is wrong with what the sandbox was given: a configuration, an option, a program. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
