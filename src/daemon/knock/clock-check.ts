import type { Authenticator } from "../../auth/authenticator.ts";
import type { HintedKey } from "../../auth/hints.ts";
import type { Log } from "../../base/log.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import type { WallTime } from "../../base/time.ts";

/** One device alone may have a wrong clock. */
const fewestKeys = 2;

const message = "the clock went back, or was ahead: several keys knocked at later times";

/** Finds that the clock of this host is, or was, wrong: by the times of accepted knocks. */
export class ClockCheck {
  readonly #authenticator: Pick<Authenticator<HintedKey>, "countAhead">;
  readonly #log: Log;
  #isWrong = false;

  constructor(authenticator: Pick<Authenticator<HintedKey>, "countAhead">, log: Log) {
    this.#authenticator = authenticator;
    this.#log = log;
  }

  /** Writes to the log when the clock becomes wrong. */
  look(wall: WallTime): void {
    const wasWrong = this.#isWrong;
    this.#isWrong = this.#isAhead(wall);
    if (wasWrong || !this.#isWrong) return;
    this.#log.write({ level: "warning", event: "clock", text: `warning: ${message}` });
  }

  problems(wall: WallTime): readonly StatusProblem[] {
    const hints = ["check the time service: chrony, NTP"];
    return this.#isAhead(wall) ? [{ code: "clock", message, hints }] : [];
  }

  #isAhead(wall: WallTime): boolean {
    return this.#authenticator.countAhead(wall) >= fewestKeys;
  }
}
