import { status, type ServiceError } from "@grpc/grpc-js";
import { CloudError } from "../../cloud/errors";

/** A failure as the engine shows it: Google's refusals with their numbers, everything else in its own words. */
export function asServiceError(error: unknown): Partial<ServiceError> {
  // Never another code: the engine takes some of them for news about the plugin rather than about the resource.
  return { code: status.UNKNOWN, details: wordsOf(error) };
}

function wordsOf(error: unknown): string {
  if (error instanceof CloudError && error.status !== "UNIMPLEMENTED") {
    return `Error ${error.httpStatus}: ${error.message} (${error.status})`;
  }
  return error instanceof Error ? error.message : String(error);
}
