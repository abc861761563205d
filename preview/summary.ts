import { analyse } from "./analysis";
import { isShown } from "./sections/resources";
import type { PreviewResult } from "./result";

/** A preview for other programs: what changes in who may call what, and which resources; no values but those. */
export function summary(preview: PreviewResult): Record<string, unknown> {
  const { project, stack, failed, steps, comparison } = preview;
  const diagnostics = preview.diagnostics.filter(({ severity }) => severity !== "info");
  const about = { project, stack, failed, comparison, diagnostics };
  if (failed) return about;
  const { change, lost } = analyse(preview);
  const resources = steps
    .filter((step) => isShown(step) && step.op !== "same" && step.op !== "read")
    .map(({ op, urn, type, name, changed, replaceReasons }) => ({
      op,
      urn,
      type,
      name,
      changed,
      replaceReasons,
    }));
  return { ...about, lost, ...change, resources };
}
