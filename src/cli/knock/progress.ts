/** One line on a terminal that is written again and again; where there is no terminal, nothing. */
export class Progress {
  readonly #write: ((text: string) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #text: () => string = () => "";
  #turns = 0;

  /** `write`: to a terminal; undefined if there is none. */
  constructor(write: ((text: string) => void) | undefined) {
    this.#write = write;
  }

  /** Shows a line, and keeps it up to date until the next one. */
  show(text: () => string): void {
    if (this.#write === undefined) return;
    this.#text = text;
    this.#timer ??= setInterval(() => this.#draw(), 120).unref();
    this.#draw();
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#write?.(`\r${eraseLine}`);
  }

  #draw(): void {
    const sign = "|/-\\"[this.#turns++ % 4];
    // What does not fit would go on to the next line, which nobody takes away.
    const room = (process.stderr.columns || 80) - 3;
    this.#write?.(`\r${sign} ${this.#text().slice(0, room)}${eraseLine}`);
  }
}

/** ECMA-48 §8.3.41: to the end of the line. */
const eraseLine = "\u001b[K";

/** Whether standard error shows lines that are written over. */
export function isTerminal(): boolean {
  return process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
}
