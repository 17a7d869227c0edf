import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";

/** One thing that is waited for, until a time. */
export class Deadline<Name extends string> {
  readonly #clock: Clock;
  #name: Name | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for this and for nothing else: calls `late` after `time` milliseconds. If it is waited for
   * already, that goes on as it is.
   */
  keep(name: Name, time: number, late: () => void): void {
    if (name === this.#name) return;
    this.clear();
    this.#name = name;
    this.#cancel = this.#clock.wakeAt(later(this.#clock.now(), time), late);
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#name = undefined;
  }
}
