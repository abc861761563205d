/** The sandbox cannot be had as it was asked for: a port, a folder, a file stands in the way. */
export class HostError extends Error {
  override readonly name = "HostError";
}
