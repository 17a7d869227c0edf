import type { Clock } from "../../base/clock.ts";
import type { Monotonic, WallTime } from "../../base/time.ts";
import { earliest, later, latest, monotonic, never, wallTime } from "../../base/time.ts";

/**
 * A clock that goes by the packets of a recording, and stops at each moment at which something is
 * due, so that what it sets off can come to its end before time goes on.
 */
export class PacketClock implements Clock {
  #now = monotonic(0);
  #start = wallTime(0);
  readonly #tasks = new Set<{ readonly when: Monotonic; readonly task: () => void }>();

  /** Sets the date at time 0. */
  startsAt(wall: WallTime): void {
    this.#start = wall;
  }

  now(): Monotonic {
    return this.#now;
  }

  wall(): WallTime {
    return later(this.#start, this.#now);
  }

  wakeAt(when: Monotonic, task: () => void): () => void {
    const entry = { when, task };
    this.#tasks.add(entry);
    return () => this.#tasks.delete(entry);
  }

  /** When something is due next; Infinity if nothing is. */
  get nextDue(): Monotonic {
    let next = never;
    for (const { when } of this.#tasks) next = earliest(next, when);
    return next;
  }

  /** Moves on to the next moment at which something is due, and runs the first of what is due then. */
  runNext(): void {
    const next = this.nextDue;
    for (const entry of this.#tasks) {
      if (entry.when !== next) continue;
      this.#tasks.delete(entry);
      this.moveTo(next);
      entry.task();
      return;
    }
  }

  /** Moves on, never back; runs nothing. */
  moveTo(time: Monotonic): void {
    this.#now = latest(this.#now, time);
  }
}
