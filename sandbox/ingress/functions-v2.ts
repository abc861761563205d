export const FUNCTION_V2 = "gcp:cloudfunctionsv2/function:Function";

/** What the ingress reads of a 2nd gen function; its gate is that of the Run service under it. */
export interface FunctionV2State {
  /** On cloudfunctions.net. */
  url?: string;
  serviceConfig?: {
    /** Full path of the Run service: projects/P/locations/L/services/S. */
    service?: string;
    ingressSettings?: string;
  };
}
