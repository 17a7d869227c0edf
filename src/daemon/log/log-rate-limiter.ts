import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { WallTime } from "../../base/time.ts";
import { later } from "../../base/time.ts";

/** Priority of a log line: "low" if the source has completed at most the first step of a sequence. */
export type LogPriority = "low" | "high";

/** Lines per second by default: in general, and with -D. */
export const usualRate = 50;
export const debugRate = 1000;

/** One line about those left out in the last second, one at the end. */
const summaries = 2;

/** The part of the rate that lines of low priority may use. */
const lowPart = 0.8;

/**
 * Limits the log lines about sources that have not opened a door: so many in each second of the date,
 * and one line about those left out. The pipeline asks before it makes a line, so that a flood costs no
 * more than the question. Openings and what follows from them are not limited.
 */
export class LogRateLimiter {
  readonly #clock: Clock;
  readonly #log: Log;
  #most = 0;
  #mostLow = 0;
  #second = Number.NaN;
  #lines = 0;
  #lowLines = 0;
  #leftOut = 0;
  #leftOutBefore = 0;
  #cancelWake: (() => void) | undefined;

  /** `rate`: lines a second, the summaries among them; 0: no limit. `log`: takes the summaries. */
  constructor(rate: number, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.setRate(rate);
  }

  /** Changes the lines per second; 0: no limit. */
  setRate(rate: number): void {
    this.#most = rate === 0 ? Number.POSITIVE_INFINITY : rate - summaries;
    this.#mostLow = Math.floor(this.#most * lowPart);
  }

  /** Lines left out since the start. */
  get leftOut(): number {
    return this.#leftOutBefore + this.#leftOut;
  }

  /** Counts one more line. Returns its date, or undefined if it is too many. */
  admits(priority: LogPriority): WallTime | undefined {
    // The timer for the summary ends the second: until then a flood need not ask for the date.
    if (this.#cancelWake !== undefined && !this.#hasRoom(priority)) {
      this.#leftOut++;
      return undefined;
    }
    const wall = this.#clock.wall();
    const second = Math.floor(wall / 1000);
    if (second !== this.#second) this.#begin(second);
    if (this.#hasRoom(priority)) {
      this.#lines++;
      if (priority === "low") this.#lowLines++;
      return wall;
    }
    this.#leftOut++;
    const end = later(this.#clock.now(), 1000 - (wall % 1000));
    this.#cancelWake ??= this.#clock.wakeAt(end, () => this.#summarise());
    return undefined;
  }

  /** Logs what was left out and not logged yet. May be called more than once. */
  close(): void {
    this.#summarise();
  }

  #hasRoom(priority: LogPriority): boolean {
    if (this.#lines >= this.#most) return false;
    return priority === "high" || this.#lowLines < this.#mostLow;
  }

  #begin(second: number): void {
    this.#summarise();
    this.#second = second;
    this.#lines = 0;
    this.#lowLines = 0;
  }

  #summarise(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const lines = this.#leftOut;
    if (lines === 0) return;
    this.#leftOut = 0;
    this.#leftOutBefore += lines;
    const were = lines === 1 ? "was" : "were";
    const text = `${counted(lines)} about unauthenticated sources ${were} left out in the last second`;
    this.#log.write({ level: "notice", event: "left-out", text, detail: { lines } });
  }
}

function counted(lines: number): string {
  // `toLocaleString` would load the data of all languages in the middle of a flood.
  return lines === 1 ? "1 line" : `${String(lines).replace(/\B(?=(?:\d{3})+$)/g, ",")} lines`;
}
