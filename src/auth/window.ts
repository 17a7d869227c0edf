import type { KnockTime } from "../knock/packet.ts";
import { knockTime } from "../knock/packet.ts";

/** How many accepted times are remembered one by one. */
const mostTimes = 64;

/** What a window remembers. */
export interface WindowState {
  readonly floor: KnockTime;
  /** In ascending order, all above `floor`. */
  readonly times: readonly KnockTime[];
}

/** The times that were accepted from one key: none of them is new again, however many there were. */
export class ReplayWindow {
  #floor: KnockTime;
  readonly #times: KnockTime[];

  constructor({ floor, times }: WindowState = { floor: knockTime(0), times: [] }) {
    this.#floor = floor;
    this.#times = [];
    for (const time of times) this.record(time);
  }

  /** Returns whether the time was never accepted, and is not so old that this is unknown. */
  isNew(time: KnockTime): boolean {
    return time > this.#floor && !this.#times.includes(time);
  }

  /** Returns whether the time is one of the last that were accepted. */
  has(time: KnockTime): boolean {
    return this.#times.includes(time);
  }

  /** Notes that a time is accepted. */
  record(time: KnockTime): void {
    if (!this.isNew(time)) return;
    const after = this.#times.findIndex((one) => one > time);
    this.#times.splice(after < 0 ? this.#times.length : after, 0, time);
    if (this.#times.length > mostTimes) this.raiseFloor(this.#times[0] ?? time);
  }

  /** Refuses all times up to this one from now on. */
  raiseFloor(floor: KnockTime): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    const above = this.#times.findIndex((time) => time > floor);
    this.#times.splice(0, above < 0 ? this.#times.length : above);
  }

  /** The latest accepted time, or 0. */
  get newest(): KnockTime {
    return this.#times.at(-1) ?? this.#floor;
  }

  get state(): WindowState {
    return { floor: this.#floor, times: [...this.#times] };
  }
}
