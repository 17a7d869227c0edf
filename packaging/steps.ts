import { stat } from "node:fs/promises";
import { performance } from "node:perf_hooks";

/** Prints what is being made, and afterwards how long it took and how large it is. */
export class Steps {
  readonly #print: (text: string) => void;
  readonly #start = performance.now();

  constructor(print: (text: string) => void = (text) => process.stdout.write(text)) {
    this.#print = print;
  }

  /** Runs one step. `file` is what it makes. */
  async run<T>(name: string, action: () => Promise<T>, file?: string): Promise<T> {
    this.#print(`${name} … `);
    const start = performance.now();
    try {
      const result = await action();
      const size = file === undefined ? "" : `, ${sizeText((await stat(file)).size)}`;
      this.#print(`${seconds(start)}${size}\n`);
      return result;
    } catch (error) {
      this.#print("failed\n");
      throw error;
    }
  }

  /** Prints how long all steps took together. */
  end(): void {
    this.#print(`done in ${seconds(this.#start)}\n`);
  }
}

function seconds(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

function sizeText(bytes: number): string {
  return bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(1)} KiB`
    : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
