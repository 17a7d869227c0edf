import type { Clock } from "./clock.ts";
import { later } from "./time.ts";

/** Milliseconds. */
const firstPause = 1000;
const longestPause = 60_000;

/** Runs a task again after failures: after 1 s, doubled after each failure in a row up to a minute. */
export class RetryTimer {
  readonly #clock: Clock;
  readonly #task: () => void;
  #pause = firstPause;
  #cancelWake: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, task: () => void) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Schedules the next run, unless one is scheduled. */
  schedule(): void {
    if (this.#cancelWake !== undefined || this.#closed) return;
    const due = later(this.#clock.now(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, longestPause);
    this.#cancelWake = this.#clock.wakeAt(due, () => {
      this.#cancelWake = undefined;
      this.#task();
    });
  }

  /** Cancels the scheduled run; the next pause is the shortest one. */
  reset(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#pause = firstPause;
  }

  /** Cancels the scheduled run, and schedules no other. */
  close(): void {
    this.#closed = true;
    this.reset();
  }
}
