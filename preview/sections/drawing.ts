import { changePicture } from "../../trust/change-picture";
import type { Analysis } from "../analysis";
import type { Section } from "../fit";
import { codeBlock } from "../markdown";

/** Mermaid draws no text that is longer. https://mermaid.js.org/config/schema-docs/config.html#maxtextsize */
const LONGEST_DRAWING = 50_000;

/** The trust graph, with what changes marked. */
export function drawing({ before, after, change, lost }: Analysis): Section[] {
  if (after.targets.length + before.targets.length + after.edges.length + before.edges.length === 0)
    return [];
  const picture = changePicture(before, after, change, lost);
  if (picture === undefined || picture.text.length > LONGEST_DRAWING) {
    return [{ head: ["_The graph is too large to be drawn here._"], lines: [], leftOut: () => "" }];
  }
  const legend = `Green is new, yellow is changed, red is removed${picture.onlyChanges ? "; what stays as it was is left out" : ""}.`;
  const block = codeBlock("mermaid", picture.text.trimEnd().split("\n"));
  // What does not change need not take up a reviewer's screen.
  const lines = picture.marked
    ? [legend, "", ...block]
    : [
        "<details>",
        "<summary>The trust graph, in which nothing changes</summary>",
        "",
        ...block,
        "",
        "</details>",
      ];
  return [{ head: [], lines, whole: true, leftOut: () => "The drawing of the trust graph is left out." }];
}
