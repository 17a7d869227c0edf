import type { Clock } from "../base/clock.ts";

/**
 * Returns a function for the time left of a period that starts now: milliseconds, 0 or less at its end. The
 * clock that is ahead counts: one stops while the machine sleeps, the other can be set.
 */
export function deadline(clock: Clock, milliseconds: number): () => number {
  const [now, wall] = [clock.now(), clock.wall()];
  return () => milliseconds - Math.max(clock.now() - now, clock.wall() - wall);
}
