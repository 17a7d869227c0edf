import { closeSync, existsSync, openSync, readSync } from "node:fs";

/** Counts the lines of a log that match, and reads each but once. */
export class LineCounter {
  readonly #path: string;
  readonly #pattern: string;
  readonly #buffer = Buffer.alloc(2 ** 20);
  #at = 0;
  #rest = "";
  #count = 0;

  /** `pattern`: text that these lines contain. */
  constructor(path: string, pattern: string) {
    this.#path = path;
    this.#pattern = pattern;
  }

  /** How many there are now. */
  read(): number {
    if (!existsSync(this.#path)) return this.#count;
    const file = openSync(this.#path, "r");
    for (;;) {
      const length = readSync(file, this.#buffer, 0, this.#buffer.length, this.#at);
      if (length === 0) break;
      this.#at += length;
      const lines = `${this.#rest}${this.#buffer.toString("latin1", 0, length)}`.split("\n");
      this.#rest = lines.pop() ?? "";
      this.#count += lines.filter((line) => line.includes(this.#pattern)).length;
    }
    closeSync(file);
    return this.#count;
  }
}
