import type { Clock } from "./clock.ts";
import { later } from "./time.ts";

/** Pauses that grow: milliseconds. */
export interface Backoff {
  readonly first: number;
  readonly factor: number;
  readonly longest: number;
}

/** For a shortage that may end at any moment: 1 s, doubled up to a minute. */
export const usualBackoff: Backoff = { first: 1000, factor: 2, longest: 60_000 };

/** Returns the pause after so many failures in a row, at least one: milliseconds. */
export function pauseAfter(failures: number, { first, factor, longest }: Backoff): number {
  return Math.min(longest, first * factor ** (failures - 1));
}

/** Runs a task again after failures, with the usual pauses. */
export class RetryTimer {
  readonly #clock: Clock;
  readonly #task: () => void;
  #failures = 0;
  #cancelWake: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, task: () => void) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Schedules the next run, unless one is scheduled. */
  schedule(): void {
    if (this.#cancelWake !== undefined || this.#closed) return;
    this.#failures++;
    const due = later(this.#clock.now(), pauseAfter(this.#failures, usualBackoff));
    this.#cancelWake = this.#clock.wakeAt(due, () => {
      this.#cancelWake = undefined;
      this.#task();
    });
  }

  /** Cancels the scheduled run; the next pause is the shortest one. */
  reset(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#failures = 0;
  }

  /** Cancels the scheduled run, and schedules no other. */
  close(): void {
    this.#closed = true;
    this.reset();
  }
}
