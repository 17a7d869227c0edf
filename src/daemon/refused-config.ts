import type { StatusProblem } from "../base/status-problem.ts";

/** Whether the last reload was refused: then the configuration of before is in force. */
export class RefusedConfig {
  readonly #file: string;
  #refusal: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes note of a reload that was refused for these problems, among which may be warnings. */
  refuse(problems: readonly string[]): void {
    const isWarning = (text: string) => /: warning: /.test(text);
    this.#refusal = problems.find((text) => !isWarning(text)) ?? problems[0] ?? "unknown";
  }

  /** Takes note of a reload that was not. */
  accept(): void {
    this.#refusal = undefined;
  }

  get problems(): readonly StatusProblem[] {
    if (this.#refusal === undefined) return [];
    const message = `the last reload was refused, the configuration of before is in force: ${this.#refusal}`;
    const hints = [`knockctl check ${this.#file}`, "then: knockctl reload"];
    return [{ code: "config-refused", message, hints }];
  }
}
