/** A doc comment of an argument, taken apart for the columns of a table. */
export interface ArgumentComment {
  readonly meaning: string;
  readonly default: string | undefined;
  readonly changing: string | undefined;
}

/** "Default: …" and "Changing it …" are sentences that have columns of their own; all others are the meaning. */
export function argumentComment(comment: string): ArgumentComment {
  const sentences = sentencesOf(comment);
  const isDefault = (sentence: string) => sentence.startsWith("Default: ");
  const isChange = (sentence: string) => sentence.startsWith("Changing it ");
  return {
    meaning: sentences.filter((s) => !isDefault(s) && !isChange(s)).join(" "),
    default: joined(sentences.filter(isDefault), "Default: "),
    changing: joined(sentences.filter(isChange), "Changing it "),
  };
}

/** A sentence ends at a full stop before white space and something that begins one. */
function sentencesOf(text: string): string[] {
  const line = text.replace(/\s+/g, " ").trim();
  return line === "" ? [] : line.split(/(?<=\.)\s+(?=[A-Z`"])/);
}

function joined(sentences: readonly string[], front: string): string | undefined {
  if (sentences.length === 0) return undefined;
  return sentences.map((s) => s.slice(front.length).replace(/\.$/, "")).join("; ");
}
