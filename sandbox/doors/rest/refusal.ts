import type { CloudError } from "../../cloud/errors";
import type { Reply } from "./api";

const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";

/** As all of Google's Cloud APIs say no: https://google.aip.dev/193 */
export function refusal({ httpStatus, message, status, details }: CloudError): Reply {
  const all = details === undefined ? [] : [details].flat().map(typed);
  return {
    status: httpStatus,
    body: { error: { code: httpStatus, message, status, ...(all.length === 0 ? {} : { details: all }) } },
  };
}

function typed(detail: unknown): unknown {
  if (typeof detail !== "object" || detail === null || "@type" in detail) return detail;
  return { "@type": ERROR_INFO, ...detail };
}
