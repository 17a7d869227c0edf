// What a command writes to its standard error: handed on, and its first line kept.
import { closeSync, fstatSync, readSync } from "node:fs";
import { printable } from "../../base/text.ts";
import { openMemoryFile, stopGrowth } from "../../ffi/memory-file.ts";

/** How often the output of a command that runs is handed on: milliseconds. */
const interval = 1000;

/** How much of it is handed on at a time, and how much a command may leave unread: bytes. */
const chunk = 65_536;
const most = 1 << 20;

/** The longest first line: characters. */
const longestLine = 200;

/** Takes text for the standard error of this process. */
export type ShowErrors = (text: string) => void;

/**
 * A file in memory as the standard error of a command. A pipe would end commands that outlive this
 * process, by SIGPIPE, and /dev/stderr cannot be opened where it is a socket.
 */
export class ErrorOutput {
  readonly fd: number;
  readonly #show: ShowErrors;
  readonly #decoder = new TextDecoder();
  readonly #timer: NodeJS.Timeout;
  #shown = 0;
  #firstLine = "";
  #isFull = false;

  /** Returns undefined if this process is out of descriptors or memory. */
  static open(show: ShowErrors): ErrorOutput | undefined {
    try {
      return new ErrorOutput(openMemoryFile("sesame-stderr", ""), show);
    } catch {
      return undefined;
    }
  }

  private constructor(fd: number, show: ShowErrors) {
    this.fd = fd;
    this.#show = show;
    this.#timer = setInterval(() => this.#handOn(), interval);
    this.#timer.unref();
  }

  /**
   * The command has ended. Returns the first line that it wrote, without control characters, or undefined.
   * Its children may live on: what they write now is not read.
   */
  close(): string | undefined {
    clearInterval(this.#timer);
    this.#handOn();
    if (!this.#isFull) stopGrowth(this.fd, this.#shown + chunk);
    closeSync(this.fd);
    return this.#firstLine === "" ? undefined : this.#firstLine;
  }

  /** Hands on what is new. What a command writes beyond a limit at once is left out. */
  #handOn(): void {
    const { size } = fstatSync(this.fd);
    const bytes = Buffer.alloc(Math.max(0, Math.min(size - this.#shown, chunk)));
    const text = this.#decoder.decode(
      bytes.subarray(0, readSync(this.fd, bytes, 0, bytes.length, this.#shown)),
      { stream: true },
    );
    this.#shown = size;
    if (size > most && !this.#isFull) {
      this.#isFull = true;
      stopGrowth(this.fd, size);
    }
    if (text === "") return;
    this.#firstLine ||= firstLineOf(text);
    this.#show(text);
  }
}

function firstLineOf(text: string): string {
  const line = text.split("\n").find((one) => one.trim() !== "") ?? "";
  return printable([...line.trim()].slice(0, longestLine).join(""));
}
