/** Google's canonical status codes and the HTTP status of each. cloud.google.com/apis/design/errors */
const HTTP_STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNKNOWN: 500,
  /** Also what the sandbox answers for everything that it does not model. */
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

export type StatusCode = keyof typeof HTTP_STATUS;

/** A refusal of the cloud: what Google's APIs answer instead of doing what was asked. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly httpStatus: number;

  constructor(
    readonly status: StatusCode,
    message: string,
    readonly details?: unknown,
  ) {
    super(message);
    this.httpStatus = HTTP_STATUS[status];
  }
}
