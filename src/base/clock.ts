/** Where time comes from. Only this file asks the machine. */
export interface Clock {
  /**
   * Milliseconds since some fixed moment; never goes back, not even when the date is set. Within one
   * boot of the machine all processes agree.
   */
  now(): number;
  /** Milliseconds since 1970, as the machine believes them. */
  wall(): number;
  /** Runs `task` once, when `now()` has reached `when` or soon after. The returned function prevents it. */
  wakeAt(when: number, task: () => void): () => void;
}

/** setTimeout turns anything longer into 1 ms. */
const longestTimer = 2 ** 31 - 1;

/** performance.now() counts from the start of this process, on the clock that hrtime reads from the boot on. */
const processStart = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  now: () => processStart + performance.now(),
  wall: () => Date.now(),
  wakeAt(when, task) {
    let timer: NodeJS.Timeout;
    const sleep = () => {
      const left = Math.max(Math.ceil(when - systemClock.now()), 0);
      timer = setTimeout(wake, Math.min(left, longestTimer));
    };
    // Timers count whole milliseconds, and may be one too early.
    const wake = () => (systemClock.now() < when ? sleep() : task());
    sleep();
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until told: for tests, and for captures that bring their own time. */
export class ManualClock implements Clock {
  #now: number;
  #offset: number;
  #tasks: { when: number; task: () => void }[] = [];

  /** `wall`: what `wall()` says while `now()` is 0. */
  constructor(wall = 0) {
    this.#now = 0;
    this.#offset = wall;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now + this.#offset;
  }

  wakeAt(when: number, task: () => void): () => void {
    const entry = { when, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  /** Moves time on by `milliseconds`, running what falls due, earliest first. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#tasks.reduce<{ when: number; task: () => void } | undefined>(
        (first, entry) => (first === undefined || entry.when < first.when ? entry : first),
        undefined,
      );
      if (next === undefined || next.when > end) break;
      this.#tasks = this.#tasks.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.when);
      next.task();
    }
    this.#now = end;
  }
}
