/** A local app cannot do its part, for a reason that whoever runs the sandbox can do something about. */
export class AppError extends Error {
  override readonly name = "AppError";
}
