import { ownerName } from "../base/access-owner.ts";
import type { Clock } from "../base/clock.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import { plural } from "../base/text.ts";
import { earliest, formatLocalTime, never } from "../base/time.ts";
import type { CommandLane, QueuedTask } from "./command-queue.ts";

/** How long a command waits before that is a problem: milliseconds. */
const usualWait = 3000;

/** How many reasons to wait are told. */
const mostReasons = 5;

interface SlotLimits {
  readonly most: number;
  readonly mostOfDoor: number;
}

/** Returns how many commands wait, since when and for what; nothing while none waits for long. */
export function describeWaiting(
  waiting: readonly QueuedTask[],
  running: number,
  limits: SlotLimits,
  clock: Clock,
): StatusProblem[] {
  const since = waiting.reduce((oldest, queued) => earliest(oldest, queued.since), never);
  const age = clock.now() - since;
  if (age < usualWait) return [];
  const counts = new Map<string, number>();
  for (const queued of waiting) {
    const reason = reasonOf(queued, limits);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const reasons = [...counts].sort(([, a], [, b]) => b - a).slice(0, mostReasons);
  const what = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
  const date = formatLocalTime(new Date(clock.wall() - age));
  const run = `${plural(running, "command")} ${running === 1 ? "runs" : "run"}`;
  const message = `${run}, ${waiting.length} wait, the oldest since ${date}: ${what}`;
  return [{ code: "commands-waiting", message }];
}

/** Returns what a task waits for. */
export function reasonOf({ task, lane, door, place }: QueuedTask, limits: SlotLimits): string {
  if (place?.predecessor !== undefined) return "for an earlier knock of the same source";
  if (lane?.holder !== undefined) {
    const { owner } = lane.holder.task.access;
    return `for a ${lane.name} of "${ownerName(owner)}"`;
  }
  const isFull = task.needsSlot && door.running >= limits.mostOfDoor;
  if (isFull) return `for a slot of "${ownerName(task.access.owner)}"`;
  return "for a slot";
}

/** Returns a problem for each kind of which commands run beside each other, since one took too long. */
export function describeShared(lanes: readonly CommandLane[]): StatusProblem[] {
  return lanes
    .filter(({ isShared }) => isShared)
    .map(({ name, slow }) => {
      const what = `${plural(slow, "command")} of the kind ${name}`;
      const message = `${what} took more than 10 s: others of that kind started beside`;
      return { code: "commands-beside", message };
    });
}
