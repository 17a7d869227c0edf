// The times and slots of packets, docs/knock-packet.md. Runs in Node and in browsers.
import type { WallTime } from "../base/time.ts";
import type { KnockTime } from "./packet.ts";
import { knockTime, slotsPerMinute } from "./packet.ts";

/** Microseconds by which the times of a series may be ahead of the clock. */
const mostAhead = 1_000_000;

/** The times and slots of the packets of one process: no two are alike while the clock goes back at most 1 s. */
export class PacketSeries {
  readonly #drawOffset: () => number;
  #offset: number;
  #slot: number;
  #last = Number.NEGATIVE_INFINITY;

  /** `drawOffset` returns random microseconds, 0 to 999; `slot`: 0 to 3, at random. */
  constructor(drawOffset: () => number, slot: number) {
    this.#drawOffset = drawOffset;
    this.#offset = drawOffset();
    this.#slot = slot;
  }

  next(now: WallTime): { readonly time: KnockTime; readonly slot: number } {
    const wall = Math.floor(now) * 1000;
    if (this.#last > wall + mostAhead) {
      // The clock was set back. Servers refuse a time of the future.
      this.#offset = this.#drawOffset();
      this.#last = Number.NEGATIVE_INFINITY;
    }
    this.#last = Math.max(wall + this.#offset, this.#last + 1);
    const slot = this.#slot;
    this.#slot = (slot + 1) % slotsPerMinute;
    return { time: knockTime(this.#last), slot };
  }
}
