import type { Monotonic, WallTime } from "./time.ts";
import { monotonic, wallTime } from "./time.ts";

/** Where time comes from. Only this file asks the machine. */
export interface Clock {
  now(): Monotonic;
  wall(): WallTime;
  /** Runs `task` once, when `now()` has reached `when` or soon after. The returned function prevents it. */
  wakeAt(when: Monotonic, task: () => void): () => void;
}

/** setTimeout turns anything longer into 1 ms. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = {
  now() {
    // The same clock as performance.now(), which Node takes a millisecond to load.
    const [seconds, nanoseconds] = process.hrtime();
    return monotonic(seconds * 1e3 + nanoseconds / 1e6);
  },
  wall: () => wallTime(Date.now()),
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

/**
 * Runs `onLate` once `clock` has reached `when`, as the end of a wait: if this process itself was held up, what has
 * arrived meanwhile comes first. The returned function prevents it.
 */
export function expireAt(clock: Clock, when: Monotonic, onLate: () => void): () => void {
  let turn: NodeJS.Immediate | undefined;
  const cancel = clock.wakeAt(when, () => {
    turn = setImmediate(onLate);
  });
  return () => {
    cancel();
    clearImmediate(turn);
  };
}
