import type { Choice } from "./choice";

/** The command that prints such a token and nothing else, for another command to take it from. */
export function again(
  { target, caller }: Pick<Choice, "target" | "caller">,
  stack: string,
  ...more: string[]
): string {
  const options = ["--target", target.name, "--as", caller.name, "--stack", stack, ...more];
  return ["npm run --silent token --", ...options].join(" ");
}
