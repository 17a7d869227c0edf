import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import { plural } from "../base/text.ts";
import { formatLocalTime } from "../base/time.ts";
import { programsStarted, slowStarts } from "../ffi/spawner.ts";
import { ZombieReaper } from "./zombie-reaper.ts";

/** The programs that the daemon starts, from what they need to be started to what they leave behind. */
export class ChildProcesses {
  readonly #clock: Clock;
  readonly #reaper: ZombieReaper | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    if (process.pid === 1) this.#reaper = new ZombieReaper(clock);
  }

  /**
   * Fulfilled when all have been started that were to be, after `timeout` milliseconds at most: one that was
   * not would end with this process.
   */
  async started(timeout: number): Promise<void> {
    await Promise.race([programsStarted(), sleep(timeout, undefined, { ref: false })]);
  }

  /** Which programs the system has not loaded for long. */
  get problems(): readonly StatusProblem[] {
    return slowStarts().map(({ file, starting, waiting, age }) => {
      const since = formatLocalTime(new Date(this.#clock.wall() - age));
      const more = waiting === 0 ? "" : `, ${waiting} more wait for that`;
      const message = `${file} has not started since ${since}: ${plural(starting, "start")} under way${more}`;
      return { code: "program-not-started", message };
    });
  }

  close(): void {
    this.#reaper?.close();
  }
}
