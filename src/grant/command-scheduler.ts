// Longer than other files: who runs next is one decision over slots, lanes, doors and sources.
import { ownerName } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { laneOf } from "../base/command-kind.ts";
import type { Log } from "../base/log.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import { plural } from "../base/text.ts";
import { later } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import type {
  CommandLane,
  CommandQueue,
  CommandTask,
  DoorLoad,
  QueuedTask,
  TaskResult,
} from "./command-queue.ts";
import { emptyQueue, waitingIn } from "./command-queue.ts";
import { describeShared, describeWaiting, reasonOf } from "./queue-problems.ts";
import type { SourcePlace } from "./source-order.ts";
import { SourceOrder } from "./source-order.ts";

/** How many openings may wait, and how many of one door. */
const mostWaiting = 10_000;
const mostWaitingOfDoor = mostWaiting / 2;

/** How long a command keeps others waiting: milliseconds. */
const longestHold = 10_000;

/**
 * Decides when commands run. In a lane one runs at a time, in the order in which they were asked for,
 * openings first; a closing that has waited for `longestHold` takes turns with them. The openings of one source run in the order of its knocks. No command keeps another
 * waiting for more than `longestHold`. Openings and closings have a limited number of slots each; one door
 * has at most half of them, so that commands that hang leave the other half to other doors.
 */
export class CommandScheduler {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #most: number;
  readonly #mostOfDoor: number;
  readonly #queues = { open: emptyQueue(), close: emptyQueue() };
  readonly #lanes = new Map<string, CommandLane>();
  readonly #order: SourceOrder;
  #closesAtOnce = false;

  /** `most`: how many openings, and how many closings, run at once. */
  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }, most: number) {
    this.#clock = clock;
    this.#log = log;
    this.#most = most;
    this.#mostOfDoor = Math.max(1, Math.floor(most / 2));
    this.#order = new SourceOrder(clock, longestHold, () => this.#dispatch());
  }

  /** Returns how many tasks run or wait. */
  size(what: CommandTask["what"]): number {
    const { running, waiting } = this.#queues[what];
    return running + waiting[0].size + waiting[1].size;
  }

  /** What an administrator should know. */
  get problems(): readonly StatusProblem[] {
    const { open, close } = this.#queues;
    const waiting = [...waitingIn(open), ...waitingIn(close)];
    return [
      ...describeWaiting(waiting, open.running + close.running, this.#limits, this.#clock),
      ...describeShared([...this.#lanes.values()]),
    ];
  }

  /** Runs a task now or when it may. Resolves at its end, or when it will never run. */
  run(task: CommandTask): Promise<TaskResult> {
    return new Promise((settle) => {
      const older = this.#waitingFor(task).get(task.key);
      const lane = laneName(task);
      if (older !== undefined) {
        const isLast = task.place === undefined && older.place?.successor === undefined;
        if (older.lane?.name === lane && isLast) {
          older.settle("dropped");
          Object.assign(older, { task, settle });
          return;
        }
        this.#drop(older);
      }
      const queued = this.#admit(task, lane, settle);
      if (this.#mayStart(queued)) this.#start(queued);
      else if (this.#isFull(queued)) this.#forget(queued, "refused");
      else {
        queued.door.waiting++;
        this.#waitingFor(task).set(task.key, queued);
      }
    });
  }

  /** Reserves the next place among the openings of a source; the opening itself is asked for soon. */
  reserve(source: Address): SourcePlace {
    return this.#order.reserve(source);
  }

  /** Gives a place up, unless an opening has taken it. */
  release(place: SourcePlace): void {
    this.#order.release(place);
  }

  /** Treats a closing that waits as an administrator's. */
  hurry(key: string): void {
    const queued = this.#queues.close.waiting[1].get(key);
    if (queued === undefined) return;
    this.#waitingFor(queued.task).delete(key);
    queued.task = { ...queued.task, needsSlot: false };
    queued.place = undefined;
    this.#waitingFor(queued.task).set(key, queued);
    this.#dispatch();
  }

  /** Returns what a closing waits for, or undefined if it does not wait. */
  whyWaiting(key: string): string | undefined {
    const [first, then] = this.#queues.close.waiting;
    const queued = first.get(key) ?? then.get(key);
    return queued && reasonOf(queued, this.#limits);
  }

  get #limits(): { readonly most: number; readonly mostOfDoor: number } {
    return { most: this.#most, mostOfDoor: this.#mostOfDoor };
  }

  /** Drops openings that wait. Returns what they were for. */
  dropOpenings(isUnwanted: (access: Access) => boolean): Access[] {
    const unwanted = waitingIn(this.#queues.open).filter(({ task }) => isUnwanted(task.access));
    for (const queued of unwanted) this.#drop(queued);
    // One of the same source may have waited for them.
    if (unwanted.length > 0) this.#dispatch();
    return unwanted.map(({ task }) => task.access);
  }

  /** Starts the closings that wait, and later ones at once, beside whatever runs. */
  closeAtOnce(): void {
    this.#closesAtOnce = true;
    const waiting = waitingIn(this.#queues.close);
    if (waiting.some(({ lane }) => lane !== undefined)) {
      const text = `no time to wait: ${plural(waiting.length, "command")} that would run one after another run at once`;
      this.#log.write({ level: "warning", event: "lanes-ignored", text });
    }
    this.#dispatch();
  }

  /** Resolves when none runs or waits. */
  idle(what: CommandTask["what"]): Promise<void> {
    if (this.size(what) === 0) return Promise.resolve();
    return new Promise((resolve) => this.#queues[what].whenIdle.push(resolve));
  }

  #waitingFor({ what, needsSlot }: CommandTask): Map<string, QueuedTask> {
    return this.#queues[what].waiting[needsSlot ? 1 : 0];
  }

  #admit(
    task: CommandTask,
    laneName: string | undefined,
    settle: QueuedTask["settle"],
  ): QueuedTask {
    const lane = laneName === undefined ? undefined : this.#lane(laneName);
    const door = doorOf(this.#queues[task.what], task);
    door.tasks++;
    if (lane !== undefined) lane.tasks++;
    return {
      ...{ task, settle, lane, door, since: this.#clock.now(), isSlow: false },
      ...{ place: this.#placeOf(task), cancelTimer: undefined },
    };
  }

  #placeOf({ what, needsSlot, place, access }: CommandTask): SourcePlace | undefined {
    // What an administrator asks for is no knock.
    if (!needsSlot) return undefined;
    if (what === "close") return place;
    const taken = place === undefined || place.isTaken ? this.#order.reserve(access.source) : place;
    taken.isTaken = true;
    return taken;
  }

  #lane(name: string): CommandLane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = {
      ...{ name, holder: undefined, isClosingsTurn: false },
      ...{ slow: 0, isShared: false, tasks: 0 },
    };
    this.#lanes.set(name, lane);
    return lane;
  }

  #isFull({ task: { what, needsSlot }, door }: QueuedTask): boolean {
    if (what === "close" || !needsSlot) return false;
    const waiting = this.#queues.open.waiting[1].size;
    return waiting >= mostWaiting || door.waiting >= mostWaitingOfDoor;
  }

  #mayStart({ task: { what, needsSlot }, lane, door, place }: QueuedTask): boolean {
    if (what === "close" && this.#closesAtOnce) return true;
    if (place?.predecessor !== undefined || lane?.holder !== undefined) return false;
    if (!needsSlot) return true;
    return this.#queues[what].slots < this.#most && door.running < this.#mostOfDoor;
  }

  /** Starts everything that may start. */
  #dispatch(): void {
    const { open, close } = this.#queues;
    this.#startLateClosings();
    for (const waiting of [...open.waiting, ...close.waiting]) {
      for (let next = this.#next(waiting); next !== undefined; next = this.#next(waiting)) {
        this.#startWaiting(next);
      }
    }
  }

  /** In each lane one closing that has waited for long, after an opening: openings must not keep it open. */
  #startLateClosings(): void {
    const late = later(this.#clock.now(), -longestHold);
    for (const waiting of this.#queues.close.waiting) {
      for (const queued of waiting.values()) {
        if (queued.since > late) break;
        if (queued.lane?.isClosingsTurn && this.#mayStart(queued)) this.#startWaiting(queued);
      }
    }
  }

  #startWaiting(queued: QueuedTask): void {
    this.#waitingFor(queued.task).delete(queued.task.key);
    queued.door.waiting--;
    this.#start(queued);
  }

  /** Returns the oldest that may start. Doors with slow commands come last: theirs may be slow, too. */
  #next(waiting: ReadonlyMap<string, QueuedTask>): QueuedTask | undefined {
    let slow: QueuedTask | undefined;
    for (const queued of waiting.values()) {
      if (!this.#mayStart(queued)) continue;
      if (queued.door.slow === 0) return queued;
      slow ??= queued;
    }
    return slow;
  }

  #start(queued: QueuedTask): void {
    const { task, lane, door } = queued;
    const queue = this.#queues[task.what];
    queue.running++;
    if (task.needsSlot) {
      queue.slots++;
      door.running++;
    }
    if (lane !== undefined) this.#enter(lane, queued);
    queued.cancelTimer?.();
    const end = later(this.#clock.now(), longestHold);
    queued.cancelTimer = this.#clock.wakeAt(end, () => this.#letOthersPass(queued));
    queued.settle(this.#execute(queued));
  }

  #enter(lane: CommandLane, queued: QueuedTask): void {
    lane.holder ??= queued;
    lane.isClosingsTurn = queued.task.what === "open";
    if (lane.slow === 0) return;
    lane.isShared = true;
    const { owner, source } = queued.task.access;
    const door = ownerName(owner);
    const seconds = longestHold / 1000;
    const slow = plural(lane.slow, `command`);
    const text = `${source}: ${door}: starts beside ${slow} of the kind ${lane.name} that took more than ${seconds} s`;
    this.#log.write({ level: "warning", event: "beside", text, door, source });
  }

  async #execute(queued: QueuedTask): Promise<TaskResult> {
    try {
      await queued.task.run();
      return "ended";
    } finally {
      this.#end(queued);
    }
  }

  #letOthersPass(queued: QueuedTask): void {
    const { lane, door } = queued;
    queued.isSlow = true;
    door.slow++;
    if (lane !== undefined) {
      lane.slow++;
      if (lane.holder === queued) lane.holder = undefined;
    }
    this.#dispatch();
  }

  #end(queued: QueuedTask): void {
    const { task, lane, door, isSlow } = queued;
    const queue = this.#queues[task.what];
    queue.running--;
    if (task.needsSlot) {
      queue.slots--;
      door.running--;
    }
    if (isSlow) door.slow--;
    if (lane !== undefined) {
      if (isSlow) lane.slow--;
      if (lane.slow === 0) lane.isShared = false;
      if (lane.holder === queued) lane.holder = undefined;
    }
    this.#leave(queued);
    this.#dispatch();
    this.#tellIdle(task.what);
  }

  /** Takes a task that waits out of its queue. */
  #drop(queued: QueuedTask): void {
    const { task, door } = queued;
    this.#waitingFor(task).delete(task.key);
    door.waiting--;
    this.#forget(queued, "dropped");
    this.#tellIdle(task.what);
  }

  #forget(queued: QueuedTask, result: TaskResult): void {
    this.#leave(queued);
    queued.settle(result);
  }

  #leave(queued: QueuedTask): void {
    const { task, lane, door, place } = queued;
    queued.cancelTimer?.();
    if (task.what === "open" && place !== undefined) this.#order.leave(place);
    if (--door.tasks === 0) this.#queues[task.what].doors.delete(door.name);
    if (lane !== undefined && --lane.tasks === 0) this.#lanes.delete(lane.name);
  }

  #tellIdle(what: CommandTask["what"]): void {
    if (this.size(what) > 0) return;
    for (const resolve of this.#queues[what].whenIdle.splice(0)) resolve();
  }
}

function doorOf({ doors }: CommandQueue, { access: { owner } }: CommandTask): DoorLoad {
  const name = owner.kind === "trial" ? "" : `${ownerName(owner)} ${owner.nth}`;
  const known = doors.get(name);
  if (known !== undefined) return known;
  const door = { name, running: 0, slow: 0, waiting: 0, tasks: 0 };
  doors.set(name, door);
  return door;
}

function laneName({ what, access: { method } }: CommandTask): string | undefined {
  if (method.kind === "native") return undefined;
  const text = what === "open" ? method.start : method.stop;
  return text === undefined ? undefined : laneOf(text, method.serial);
}
