import { cutToWidth } from "../text-width.ts";

/** A progress line on a terminal; without a terminal it does nothing. */
export class Progress {
  readonly #write: ((text: string) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #text: () => string = () => "";
  #turns = 0;

  /** `write`: writes to the terminal; `undefined` if there is none. */
  constructor(write: ((text: string) => void) | undefined) {
    this.#write = write;
  }

  /** Shows a line, and updates it until the next one. */
  show(text: () => string): void {
    if (this.#write === undefined) return;
    this.#text = text;
    this.#timer ??= setInterval(() => this.#draw(), 120).unref();
    this.#draw();
  }

  /** Erases the line. */
  clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#write?.(`\r${eraseLine}`);
  }

  #draw(): void {
    const sign = "|/-\\"[this.#turns++ % 4];
    // A longer text would wrap to the next line, which `clear` does not erase.
    const room = (process.stderr.columns || 80) - 3;
    this.#write?.(`\r${sign} ${cutToWidth(this.#text(), room)}${eraseLine}`);
  }
}

/** ECMA-48 §8.3.41: erase to the end of the line. */
const eraseLine = "\u001b[K";

/** Returns whether standard error is a terminal that can overwrite a line. */
export function isTerminal(): boolean {
  return process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
}
