import { hintsOf, reason, reasonWithHints } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import type { Loss } from "../firewall/backend.ts";

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
    const message = `native doors stay closed: ${reason(error)}`;
    const hints = hintsOf(error);
    this.#problem = { code: "firewall", message, ...(hints.length > 0 && { hints }) };
    const text = `native doors stay closed: ${reasonWithHints(error)}`;
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

  /** The table is whole again after a loss, for so many times without a rest. */
  tellRepair(name: string, loss: Loss, times: number): void {
    const table = `table inet ${name}`;
    // The status says that it goes on; the log need not at each time.
    const isTold = Number.isInteger(Math.log2(times));
    if (loss === "removed" && isTold) {
      const text = `${table} was modified externally: restoring rules`;
      this.#log.write({ level: "warning", event: "firewall-restored", text });
    } else if (loss === "unknown") {
      const text = `lost netlink events of the firewall: reloading ${table}`;
      this.#log.write({ level: "notice", event: "firewall-renewed", text });
    }
  }
}
