import { isatty } from "node:tty";

/**
 * Results go to the standard output, all else to the standard error: whatever a program prints cannot spoil what
 * another program reads.
 */
export class Output {
  readonly #write = process.stdout.write.bind(process.stdout);
  #ended = false;

  constructor() {
    process.stdout.write = process.stderr.write.bind(process.stderr);
    process.stdout.removeAllListeners("error");
    // Whoever read it has read enough.
    process.stdout.on("error", () => this.abandon(2));
  }

  /** Whether all was said that there is to say. */
  get ended(): boolean {
    return this.#ended;
  }

  get isTerminal(): boolean {
    // Not stdout.isTTY: of anything but a terminal it is undefined, which leaves the question of colours to others.
    return isatty(process.stdout.fd);
  }

  /** https://no-color.org */
  get isColoured(): boolean {
    return this.isTerminal && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
  }

  /** Of the terminal; where there is none, or one that does not say, what a reader of logs can still take in. */
  get width(): number {
    const widths = [this.isTerminal ? process.stdout.columns : 0, Number(process.env.COLUMNS)];
    return widths.find((width) => width > 0) ?? 160;
  }

  result(text: string): void {
    this.#write(text);
  }

  progress(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  error(message: string): void {
    process.stderr.write(`error: ${message}\n`);
  }

  /** Ends the process with no more words. */
  abandon(code: number): never {
    this.#ended = true;
    process.exit(code);
  }

  /** Ends the process when all is written, whatever the program has left open. */
  async end(code: number): Promise<void> {
    this.#ended = true;
    await new Promise<void>((done) => {
      this.#write("", () => {
        done();
      });
    });
    process.exit(code);
  }
}
