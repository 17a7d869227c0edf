import type { FleetKnowledge } from "./knowledge.ts";
import { movedHistory, stampOf } from "./lease-history.ts";
import { latestTime, movedTime, newest, noStamp } from "./stamp.ts";
import { isInScope } from "./subject.ts";

/**
 * Returns what a gateway knows once it has measured the store's clock for the first time.
 *
 * `early`: what was done here before, by a clock that is `shift` milliseconds behind the store's. It is newer than
 * all that an earlier start of this gateway did, whatever became of the store's clock since.
 * `restored`: what the journal kept of that earlier start, by the store's clock.
 */
export function knownAtFirstJoin(
  early: Iterable<FleetKnowledge>,
  restored: readonly FleetKnowledge[],
  shift: number,
): FleetKnowledge[] {
  const known = [...early];
  const later = 2 * shift + raiseOf(known, restored, 2 * shift);
  const moved = known.map(({ history, until, ...one }) => ({
    ...one,
    history: movedHistory(history, later, shift),
    until: movedTime(until, shift),
  }));
  return [...restored, ...moved.map((one) => keptUntilEnds(one, restored))];
}

/** Returns by how much moved stamps are to be raised, so that the closings among them close what was restored. */
function raiseOf(
  early: readonly FleetKnowledge[],
  restored: readonly FleetKnowledge[],
  later: number,
): number {
  const closings = early.map(({ history }) => history.closed).filter((stamp) => stamp !== noStamp);
  const firstClosing = Math.min(...closings.map((stamp) => stamp + later));
  const lastRestored = restored.map(({ history }) => stampOf(history)).reduce(newest, noStamp);
  // From an even stamp to an odd one: the sum is even, as the distance of a move has to be.
  return Math.max(0, lastRestored + 1 - firstClosing);
}

/** A closing is kept until the end of what it closed. */
function keptUntilEnds(one: FleetKnowledge, restored: readonly FleetKnowledge[]): FleetKnowledge {
  const { subject, history } = one;
  if (subject.kind === "holder" || history.closed === noStamp) return one;
  const until = restored
    .filter((other) => other.subject.kind === "holder" && isInScope(subject, other.subject))
    .map((other) => other.until)
    .reduce(latestTime, one.until);
  return { ...one, until };
}
