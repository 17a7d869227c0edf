import { hintsOf, reason, reasonWithHints } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { StatusProblem } from "../base/status-problem.ts";

/** Why native doors cannot be opened, or not as they should be: for the status and the log. */
export class FirewallFailure {
  readonly #log: Log;
  #problem: StatusProblem | undefined;
  /** The failure in the log since the last reload: each attempt meets it again. */
  #told: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  get problem(): StatusProblem | undefined {
    return this.#problem;
  }

  /** A failure that stays is in the log once. */
  fail(error: unknown): void {
    const message = `native doors stay shut: ${reason(error)}`;
    const hints = hintsOf(error);
    this.#problem = { code: "firewall", message, ...(hints.length > 0 && { hints }) };
    const text = `native doors stay shut: ${reasonWithHints(error)}`;
    if (text !== this.#told) this.tell(text);
    this.#told = text;
  }

  /** The failure is over. `isRunning`: there are native doors. */
  end(isRunning: boolean): void {
    const hasRecovered = this.#problem !== undefined && isRunning;
    this.#problem = undefined;
    this.#told = undefined;
    if (!hasRecovered) return;
    const text = "native doors work again";
    this.#log.write({ level: "notice", event: "firewall-recovered", text });
  }

  /** The same failure is told again when it comes. */
  tellAgain(): void {
    this.#told = undefined;
  }

  tell(text: string): void {
    this.#log.write({ level: "error", event: "firewall-failed", text });
  }
}
