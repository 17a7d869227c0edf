import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { QueuedTask } from "./command-queue.ts";

/** Keeps the openings of each source in the order of its knocks. A task waits for the one before it. */
export class SourceOrder {
  readonly #clock: Clock;
  readonly #longestWait: number;
  readonly #onFree: () => void;
  /** The last opening of each source that has not ended. */
  readonly #last = new Map<string, QueuedTask>();

  /** `longestWait`: milliseconds; `onFree`: a task waited for that long. */
  constructor(clock: Clock, longestWait: number, onFree: () => void) {
    this.#clock = clock;
    this.#longestWait = longestWait;
    this.#onFree = onFree;
  }

  /** Adds a task as the last of its source. */
  add(queued: QueuedTask): void {
    const source = queued.task.access.source.toString();
    const last = this.#last.get(source);
    this.#last.set(source, queued);
    if (last === undefined) return;
    queued.predecessor = last;
    last.successor = queued;
    queued.cancelTimer = this.#clock.wakeAt(later(queued.since, this.#longestWait), () => {
      queued.predecessor = undefined;
      this.#onFree();
    });
  }

  /** Returns whether no later task of its source is known. */
  isLast(queued: QueuedTask): boolean {
    return queued.successor === undefined;
  }

  /** Removes a task: it has ended or will not run. The next one waits for what this one waited for. */
  remove(queued: QueuedTask): void {
    const { predecessor, successor, task } = queued;
    const source = task.access.source.toString();
    if (this.#last.get(source) === queued) {
      if (predecessor === undefined) this.#last.delete(source);
      else this.#last.set(source, predecessor);
    }
    if (predecessor !== undefined) predecessor.successor = successor;
    if (successor?.predecessor === queued) successor.predecessor = predecessor;
  }
}
