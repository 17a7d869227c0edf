/** Two answers tell the same moment with a difference of the way: less than this, in milliseconds. */
const sameMoment = 1500;

/** Returns a moment as it was told before, if it is the same. */
export function steady(before: number | undefined, now: number): number {
  return before !== undefined && Math.abs(now - before) < sameMoment ? before : now;
}
