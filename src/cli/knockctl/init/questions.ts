import type { Interface } from "node:readline/promises";
import { KnockError } from "../../../base/errors.ts";
import { fitLines, usualColumns } from "../../program.ts";
import { localize } from "../../words/korean.ts";

/** A dialogue at the terminal. */
export class Questions {
  readonly #terminal: Interface;
  readonly #gone = new AbortController();

  /** Ctrl-C or the end of the input ends the dialogue: this question, or the next one, throws SYSTEM. */
  static async open(): Promise<Questions> {
    const { createInterface } = await import("node:readline/promises");
    return new Questions(createInterface({ input: process.stdin, output: process.stdout }));
  }

  private constructor(terminal: Interface) {
    this.#terminal = terminal;
    terminal.on("SIGINT", () => this.#gone.abort());
    terminal.on("close", () => this.#gone.abort());
  }

  /** Returns the answer, or `usual` if it is empty. While `read` throws USAGE, prints why and asks again. */
  async ask<T>(question: string, usual: string, read: (text: string) => T): Promise<T> {
    for (;;) {
      const offer = usual === "" ? "" : ` [${usual}]`;
      const answer = (await this.#question(`${question}${offer}`)).trim();
      try {
        return read(answer === "" ? usual : answer);
      } catch (error) {
        if (!(error instanceof KnockError) || error.code !== "USAGE") throw error;
        const hints = error.hints.map((hint) => ` (${localize(hint)})`).join("");
        process.stdout.write(`${fitTerminal(`${localize(error.message)}${hints}`)}\n`);
      }
    }
  }

  /** Prints what helps to answer the next question. */
  explain(text: string): void {
    process.stdout.write(`${fitTerminal(text)}\n`);
  }

  /** Returns whether the answer is yes. */
  async confirm(question: string): Promise<boolean> {
    const answer = await this.#question(`${question} [y/N]`);
    return /^(?:y(?:es)?|예|네)$/i.test(answer.trim());
  }

  close(): void {
    this.#terminal.close();
  }

  async #question(text: string): Promise<string> {
    try {
      const prompt = `${fitTerminal(text)} `;
      return await this.#terminal.question(prompt, { signal: this.#gone.signal });
    } catch (cause) {
      process.stdout.write("\n");
      throw new KnockError("SYSTEM", "interrupted: nothing was changed", { cause });
    }
  }
}

function fitTerminal(text: string): string {
  return fitLines(text, { columns: process.stdout.columns || usualColumns });
}

/** Returns whether the user can be asked. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}
