import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";

/** The place of one knock among those of its source. */
export interface SourcePlace {
  readonly source: string;
  /** The knock before it, which must end first. */
  predecessor: SourcePlace | undefined;
  successor: SourcePlace | undefined;
  /** A command has it, and leaves it at its end. */
  isTaken: boolean;
  cancelTimer: () => void;
}

/** Keeps the openings of each source in the order of its knocks. Each waits for the one before it. */
export class SourceOrder {
  readonly #clock: Clock;
  readonly #longestWait: number;
  readonly #onFree: () => void;
  /** The last place of each source that has not been left. */
  readonly #last = new Map<string, SourcePlace>();

  /** `longestWait`: milliseconds; `onFree`: a place was left, or waited for that long. */
  constructor(clock: Clock, longestWait: number, onFree: () => void) {
    this.#clock = clock;
    this.#longestWait = longestWait;
    this.#onFree = onFree;
  }

  /** Returns a new place, the last of its source. If no command takes it in time, it is left. */
  reserve(address: Address): SourcePlace {
    const source = address.toString();
    const predecessor = this.#last.get(source);
    const place: SourcePlace = {
      ...{ source, predecessor, successor: undefined, isTaken: false, cancelTimer: () => {} },
    };
    this.#last.set(source, place);
    if (predecessor !== undefined) predecessor.successor = place;
    const end = later(this.#clock.now(), this.#longestWait);
    place.cancelTimer = this.#clock.wakeAt(end, () => {
      place.predecessor = undefined;
      if (place.isTaken) this.#onFree();
      else this.release(place);
    });
    return place;
  }

  /** Leaves a place: its command has ended or will not run. The next one waits for what this one waited for. */
  leave(place: SourcePlace): void {
    const { predecessor, successor, source, cancelTimer } = place;
    cancelTimer();
    if (this.#last.get(source) === place) {
      if (predecessor === undefined) this.#last.delete(source);
      else this.#last.set(source, predecessor);
    }
    if (predecessor?.successor === place) predecessor.successor = successor;
    if (successor?.predecessor === place) successor.predecessor = predecessor;
  }

  /** Leaves a place that no command has taken. */
  release(place: SourcePlace): void {
    if (place.isTaken) return;
    place.isTaken = true;
    this.leave(place);
    // A closing before it waits for it no longer.
    place.predecessor = undefined;
    this.#onFree();
  }
}
