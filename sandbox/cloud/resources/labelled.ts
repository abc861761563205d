import { isProps, isUnknown, UNKNOWN, type Props } from "./values";

/** Outputs that the provider works out of the labels, and previews therefore know. */
export const LABEL_OUTPUTS = ["effectiveLabels", "pulumiLabels"] as const;

// pulumi-gcp marks what it makes, unless addPulumiAttributionLabel is off.
const ATTRIBUTION = { "goog-pulumi-provisioned": "true" };

export function labelOutputs(inputs: Props): Props {
  const labels = inputs.labels;
  if (isUnknown(labels)) return { effectiveLabels: UNKNOWN, pulumiLabels: UNKNOWN };
  const all = { ...(isProps(labels) ? labels : {}), ...ATTRIBUTION };
  return { effectiveLabels: all, pulumiLabels: all };
}
