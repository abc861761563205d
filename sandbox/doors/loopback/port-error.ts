/** A port cannot be had. */
export class PortError extends Error {
  override readonly name = "PortError";
}
