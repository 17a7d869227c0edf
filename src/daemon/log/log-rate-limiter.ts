import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";

/**
 * Whose doing a line is: somebody's of whom nothing is known but a first step, or less; or somebody's
 * who has come further than that.
 */
export type LogPriority = "stranger" | "further";

/** Lines a second, where the configuration says nothing: in the log, and while somebody debugs (-D). */
export const usualRate = 50;
export const debugRate = 1000;

/** One that tells what was left out in the last second, one at the end. */
const summaries = 2;

/** The part that strangers may use up: the rest is for those who have come further. */
const strangersPart = 0.8;

/**
 * How many lines those who have not opened a door may write to the log: so many in each second of the
 * date, with a line about those that were left out. It is asked before a line is made, so that a flood
 * costs no more than the question. Openings and what follows from them do not ask.
 */
export class LogRateLimiter {
  readonly #clock: Clock;
  readonly #log: Log;
  #most = 0;
  #mostOfStrangers = 0;
  #second = Number.NaN;
  #lines = 0;
  #ofStrangers = 0;
  #leftOut = 0;
  #leftOutBefore = 0;
  #cancelWake: (() => void) | undefined;

  /** `rate`: lines a second, the summaries among them; 0: no limit. `log`: takes the summaries. */
  constructor(rate: number, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.setRate(rate);
  }

  /** From now on so many lines a second; 0: no limit. */
  setRate(rate: number): void {
    this.#most = rate === 0 ? Number.POSITIVE_INFINITY : rate - summaries;
    this.#mostOfStrangers = Math.floor(this.#most * strangersPart);
  }

  /** Lines that were left out since the start. */
  get leftOut(): number {
    return this.#leftOutBefore + this.#leftOut;
  }

  /**
   * May there be one more line, now? Then its date (milliseconds since 1970), else undefined. It counts,
   * whatever the answer is.
   */
  admits(standing: LogPriority): number | undefined {
    // The timer that tells the sum ends the second: until then a flood need not ask for the date.
    if (this.#cancelWake !== undefined && !this.#hasRoom(standing)) {
      this.#leftOut++;
      return undefined;
    }
    const wall = this.#clock.wall();
    const second = Math.floor(wall / 1000);
    if (second !== this.#second) this.#begin(second);
    if (this.#hasRoom(standing)) {
      this.#lines++;
      if (standing === "stranger") this.#ofStrangers++;
      return wall;
    }
    this.#leftOut++;
    this.#cancelWake ??= this.#clock.wakeAt(this.#clock.now() + 1000 - (wall % 1000), () => {
      this.#summarise();
    });
    return undefined;
  }

  /** Tells what was left out and not told yet. May be called more than once. */
  close(): void {
    this.#summarise();
  }

  #hasRoom(standing: LogPriority): boolean {
    if (this.#lines >= this.#most) return false;
    return standing === "further" || this.#ofStrangers < this.#mostOfStrangers;
  }

  #begin(second: number): void {
    this.#summarise();
    this.#second = second;
    this.#lines = 0;
    this.#ofStrangers = 0;
  }

  #summarise(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const lines = this.#leftOut;
    if (lines === 0) return;
    this.#leftOut = 0;
    this.#leftOutBefore += lines;
    const were = lines === 1 ? "was" : "were";
    const text = `${counted(lines)} about packets of strangers ${were} left out in the last second`;
    this.#log.write({ level: "notice", event: "left-out", text, detail: { lines } });
  }
}

function counted(lines: number): string {
  // `toLocaleString` would load all there is to know about languages, in the midst of a flood.
  return lines === 1 ? "1 line" : `${String(lines).replace(/\B(?=(?:\d{3})+$)/g, ",")} lines`;
}
