import type { StatusProblem } from "../base/status-problem.ts";

/** Whether the last reload was refused: then the configuration of before is in force. */
export class RefusedConfig {
  readonly #file: string;
  #refusal: string | undefined;
  /** What helps against it. */
  #hint: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes note of a reload that was refused for these problems, among which may be warnings. A hint follows its problem. */
  refuse(problems: readonly string[]): void {
    const first = problems.findIndex((text) => !/: (?:warning|hint): /.test(text));
    this.#refusal = problems[first] ?? problems[0] ?? "unknown";
    this.#hint = /: hint: (.*)/.exec(problems[first + 1] ?? "")?.[1];
  }

  /** Takes note of a reload that was not. */
  accept(): void {
    this.#refusal = undefined;
  }

  get problems(): readonly StatusProblem[] {
    if (this.#refusal === undefined) return [];
    const message = `the last reload was refused, the configuration of before is in force: ${this.#refusal}`;
    const hints = [
      ...(this.#hint === undefined ? [] : [this.#hint]),
      `knockctl check ${this.#file}`,
      "then: knockctl reload",
    ];
    return [{ code: "config-refused", message, hints }];
  }
}
