import type { Monotonic } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import type { SourcePlace } from "./source-order.ts";

/** The end of a task: it ran, too many waited already, or it is no longer wanted. */
export type TaskResult = "ended" | "refused" | "dropped";

/** A command to run, and what decides when. */
export interface CommandTask {
  /** One task of a key waits: a newer one takes the place of an older. */
  readonly key: string;
  readonly what: "open" | "close";
  readonly access: Access;
  /** What an administrator asks for needs no slot, and goes before the others. */
  readonly needsSlot: boolean;
  readonly run: () => Promise<void>;
  /** An opening takes this place among those of its source, or a new one; a closing waits for its turn. */
  readonly place?: SourcePlace | undefined;
}

/** A task that waits or runs. */
export interface QueuedTask {
  task: CommandTask;
  settle: (result: TaskResult | Promise<TaskResult>) => void;
  readonly since: Monotonic;
  readonly lane: CommandLane | undefined;
  readonly door: DoorLoad;
  place: SourcePlace | undefined;
  /** It ran for so long that it keeps no other waiting. */
  isSlow: boolean;
  cancelTimer: (() => void) | undefined;
}

/** Commands of one kind: one runs at a time. */
export interface CommandLane {
  readonly name: string;
  /** It runs, and keeps the others waiting. */
  holder: QueuedTask | undefined;
  /** An opening ran last: a closing that has waited for long goes before the next one. */
  isClosingsTurn: boolean;
  /** How many slow tasks run. */
  slow: number;
  /** Another was started beside a slow one. */
  isShared: boolean;
  /** How many tasks wait or run. */
  tasks: number;
}

/** What one door has under way, to open or to close. */
export interface DoorLoad {
  readonly name: string;
  /** How many slots it has. */
  running: number;
  slow: number;
  waiting: number;
  tasks: number;
}

/** All openings, or all closings. */
export interface CommandQueue {
  readonly doors: Map<string, DoorLoad>;
  /** Those that wait: first those that need no slot. */
  readonly waiting: readonly [Map<string, QueuedTask>, Map<string, QueuedTask>];
  /** How many run, and how many slots those take. */
  running: number;
  slots: number;
  whenIdle: (() => void)[];
}

export function emptyQueue(): CommandQueue {
  const waiting = [new Map(), new Map()] as const;
  return { doors: new Map(), waiting, running: 0, slots: 0, whenIdle: [] };
}

/** Returns the tasks that wait, in the order in which they are looked at. */
export function waitingIn({ waiting: [first, then] }: CommandQueue): QueuedTask[] {
  return [...first.values(), ...then.values()];
}
