/**
 * The progress of a source at a door: its hits have made the first `stage` steps. `start` is the time of the
 * last hit that made the first step.
 */
export interface Attempt {
  readonly stage: number;
  readonly start: number;
}

export type Advance = "open" | readonly Attempt[];

/**
 * Returns what a hit makes of the attempts at a door with `length` steps: the door opens, or the attempts
 * that continue. All others have ended.
 *
 * A door opens when the hits end in s1+ s2+ … sn: every step but the last may come several times in a
 * row, with nothing in between. So a hit advances an attempt from the step before, keeps one that is at
 * this step already, and starts one if it is the first step. If steps share a port, there are several
 * attempts at once; of two at one step only the one that started later matters.
 *
 * @param steps the steps, counted from 1, that this hit can be
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

/** Returns the latest start of the attempts that this step continues; the last step cannot be a repetition. */
function latest(attempts: readonly Attempt[], step: number, length: number): number | undefined {
  let best: number | undefined;
  for (const { stage, start } of attempts) {
    if (stage !== step - 1 && (stage !== step || step === length)) continue;
    if (best === undefined || start > best) best = start;
  }
  return best;
}

/** Returns the stage of the attempt that has got furthest, or 0 if there is none. */
export function longest(attempts: readonly Attempt[]): number {
  return attempts.reduce((stage, attempt) => Math.max(stage, attempt.stage), 0);
}
