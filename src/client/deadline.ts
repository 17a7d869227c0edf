import type { Clock } from "../base/clock.ts";

/**
 * How much is left of a length of time that begins now: milliseconds, 0 or less when it is over. It is over when
 * either clock says so: one stands still while the machine sleeps, the other can be set.
 */
export function deadline(clock: Clock, milliseconds: number): () => number {
  const [now, wall] = [clock.now(), clock.wall()];
  return () => milliseconds - Math.max(clock.now() - now, clock.wall() - wall);
}
