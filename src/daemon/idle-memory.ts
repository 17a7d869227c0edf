import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";

/** Milliseconds without a packet after which a daemon counts as idle. */
const idleTime = 15_000;

/**
 * Gives memory back when the daemon has become idle: once after its start, and once after each time of
 * activity. While packets come it wakes up every 15 s at most; at rest it does not.
 */
export class IdleMemory {
  readonly #clock: Clock;
  readonly #release: () => Promise<void>;
  #cancel: (() => void) | undefined;
  #isActive = false;
  #isClosed = false;

  constructor(clock: Clock, release: () => Promise<void>) {
    this.#clock = clock;
    this.#release = release;
  }

  /** Notes that the daemon has something to do: cheap enough for each packet. */
  noteActivity(): void {
    this.#isActive = true;
    if (this.#cancel === undefined && !this.#isClosed) this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #wait(): void {
    this.#isActive = false;
    this.#cancel = this.#clock.wakeAt(later(this.#clock.now(), idleTime), () => {
      if (this.#isActive) {
        this.#wait();
        return;
      }
      this.#cancel = undefined;
      void this.#release();
    });
  }
}
