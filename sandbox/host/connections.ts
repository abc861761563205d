import type { ServerResponse } from "node:http";

/** Answers that are kept open: whoever holds the other end is there until it breaks, however it ends. */
export class Connections {
  readonly #open = new Set<ServerResponse>();
  #whenNone: (() => void)[] = [];

  keep(response: ServerResponse, over: () => void = () => undefined): void {
    this.#open.add(response);
    response.once("close", () => {
      this.#open.delete(response);
      over();
      if (this.#open.size === 0) for (const tell of this.#whenNone.splice(0)) tell();
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Until nobody is there any more. */
  async none(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenNone.push(resolve);
    });
  }
}
