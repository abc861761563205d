import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Compares a text with a file that people can read by itself, unlike jest's own snapshots. With UPDATE_SNAPSHOTS=1 the
 * file is written anew; look at the difference before committing it.
 */
export function expectFile(path: string, text: string): void {
  if (process.env.UPDATE_SNAPSHOTS === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  if (!existsSync(path)) throw new Error(`${path} is missing. Write it with: UPDATE_SNAPSHOTS=1 npx jest`);
  expect(text).toBe(readFileSync(path, "utf8"));
}
