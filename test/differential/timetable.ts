/** A batch is sent in so many bursts. */
export const ticks = 12;

/**
 * When a burst is to be sent: milliseconds after a whole second. Never near the turn of a second, and
 * never a whole number of seconds (within 65 ms) after another one: so nobody can disagree about
 * which packets were too late, be it in whole seconds or in milliseconds. It stays so when what is
 * left is put off by whole seconds.
 */
export function sendTime(tick: number): number {
  const second = Math.floor(tick / 3);
  return second * 1_000 + 100 + 265 * (tick % 3) + 65 * second;
}

/** How much later than planned a burst may end, for the above to hold: milliseconds. */
export const tolerance = 25;
