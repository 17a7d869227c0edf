import type { Clock } from "../base/clock.ts";
import { BoardError } from "./board.ts";
import type { FleetTime } from "./stamp.ts";
import { fleetTime, isPossibleTime } from "./stamp.ts";

/** Milliseconds by which a measured offset may differ from the one before; more is a jump of the store's clock. */
export const mostDrift = 1_000;

/** How often the store's clock is read for one measurement. */
const readings = 3;

/** What a measurement of the store's clock found. */
export interface ClockMeasurement {
  /** The shortest time between question and answer: milliseconds. The error is at most half of it. */
  readonly roundTrip: number;
  /** By how much the store's clock jumped since the last measurement: milliseconds, 0 if it did not. */
  readonly jump: number;
  /** At the first measurement: whole milliseconds by which what `now` returned before was behind the store's clock. */
  readonly shift: number | undefined;
}

/** Tells the store's time by this machine's monotonic clock. */
export class FleetClock {
  readonly #clock: Clock;
  #offset: number;
  #isMeasured = false;

  /** Until a measurement the date of this machine at its start counts, which may be wrong. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wall() - clock.now();
  }

  /** Whether the store's clock was measured. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** Returns the store's time: whole milliseconds. */
  now(): FleetTime {
    return fleetTime(Math.floor(this.#clock.now() + this.#offset));
  }

  /**
   * Measures the offset to the store's clock, which `read` reads. Throws what `read` throws, and a `BoardError` if that
   * is no time.
   */
  async measure(read: () => Promise<FleetTime>): Promise<ClockMeasurement> {
    let best: { readonly roundTrip: number; readonly offset: number } | undefined;
    for (let i = 0; i < readings; i++) {
      const asked = this.#clock.now();
      const time = await read();
      // Nothing could be reckoned by it, nor moved back afterwards.
      if (!isPossibleTime(time)) throw new BoardError("lost", "the store's clock shows no time");
      const answered = this.#clock.now();
      const roundTrip = answered - asked;
      if (best === undefined || roundTrip < best.roundTrip) {
        best = { roundTrip, offset: time - (asked + answered) / 2 };
      }
    }
    const { roundTrip = 0, offset = this.#offset } = best ?? {};
    const moved = offset - this.#offset;
    const jump = this.#isMeasured && Math.abs(moved) > mostDrift ? Math.round(moved) : 0;
    const shift = this.#isMeasured ? undefined : Math.round(moved);
    this.#offset = offset;
    this.#isMeasured = true;
    return { roundTrip, jump, shift };
  }
}
