/**
 * How far a source has come at a door: the `stage` first steps were seen, the last of the packets
 * that made the first step at `start` (milliseconds).
 */
export interface Attempt {
  readonly stage: number;
  readonly start: number;
}

export type Advance = "open" | readonly Attempt[];

/**
 * What a hit makes of the attempts at a door, whose sequence has `length` steps: it opens, or these
 * attempts go on and all others are over.
 *
 * A door opens when the hits end in s1+ s2+ … sn: every step but the last may come several times in
 * a row, nothing else in between. So a hit carries an attempt from the step before, keeps one that
 * is at this step already, and begins one if it is the first step. Where steps share a port there
 * are several attempts at once; of two at one step only the one that began later matters.
 *
 * @param steps which steps, counted from 1, this hit could be
 * @param attempts those that are not too late; at most one a stage
 */
export function advance(
  length: number,
  steps: readonly number[],
  attempts: readonly Attempt[],
  now: number,
): Advance {
  const next: Attempt[] = [];
  for (const step of steps) {
    const start = step === 1 ? now : latest(attempts, step, length);
    if (start === undefined) continue;
    if (step === length) return "open";
    next.push({ stage: step, start });
  }
  return next;
}

/** When the best attempt began that this step carries on; the last step cannot be a repetition. */
function latest(attempts: readonly Attempt[], step: number, length: number): number | undefined {
  let best: number | undefined;
  for (const { stage, start } of attempts) {
    if (stage !== step - 1 && (stage !== step || step === length)) continue;
    if (best === undefined || start > best) best = start;
  }
  return best;
}
