import type { Clock } from "../../base/clock.ts";
import { reason } from "../../base/errors.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { later } from "../../base/time.ts";
import type { Result } from "../../control/methods.ts";
import type { Disk } from "../../system/disk.ts";
import { inTime } from "../../system/disk.ts";
import { FileReplacer } from "../../system/file-replacer.ts";

const minute = 60_000;

/** How many minutes are kept: a day. */
const mostMinutes = 1440;

const version = 1;

/** Numbers that only grow, in the order in which the file has them. */
export interface TrafficTotals {
  readonly packets: number;
  readonly steps: number;
  readonly openings: number;
  readonly refusals: number;
}

const names = ["packets", "steps", "openings", "refusals"] as const;

/**
 * What the daemon counted in each minute of the last day, in a file that is replaced once a minute at most. While
 * nothing is noticed it sets no timer and writes nothing. The disk delays nothing.
 */
export class TrafficHistory {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #files: FileReplacer;
  readonly #totals: () => TrafficTotals;
  /** By the number of the minute since 1970. */
  readonly #buckets = new Map<number, TrafficTotals>();
  /** What of the totals is in the buckets. */
  #counted: TrafficTotals;
  /** The minute that is under way; `undefined` while nothing happens. */
  #current: { readonly number: number; readonly cancelWake: () => void } | undefined;
  readonly #loaded: Promise<void>;
  #writing: Promise<void> | undefined;
  #problem: string | undefined;

  /** `totals`: returns what the daemon counted since it started. The file is read meanwhile. */
  constructor(path: string, clock: Clock, disk: Disk, totals: () => TrafficTotals) {
    this.#path = path;
    this.#clock = clock;
    this.#files = new FileReplacer(disk);
    this.#totals = totals;
    this.#counted = totals();
    this.#loaded = this.#load();
  }

  /** Why the file cannot be written. */
  get problems(): readonly StatusProblem[] {
    return this.#problem === undefined ? [] : [{ code: "history", message: this.#problem }];
  }

  /** Something was counted. */
  notice(): void {
    if (this.#current !== undefined) return;
    const wall = this.#clock.wall();
    const cancelWake = this.#clock.wakeAt(later(this.#clock.now(), minute - (wall % minute)), () =>
      this.#endMinute(),
    );
    this.#current = { number: Math.floor(wall / minute), cancelWake };
  }

  /** Returns the minutes of the last day in which something was counted, the oldest first. */
  async read(): Promise<Result<"traffic">> {
    await inTime(this.#loaded).catch(() => {});
    this.#count();
    const now = this.#minuteNow();
    const minutes = this.#kept().filter(([number]) => number <= now);
    return minutes.map(([number, counts]) => ({ time: new Date(number * minute), ...counts }));
  }

  /** Writes what is not written. Resolves also if the disk does not answer. */
  async close(): Promise<void> {
    await inTime(this.#finish()).catch(() => {});
  }

  async #finish(): Promise<void> {
    // It has begun without the minute under way.
    await this.#writing;
    if (this.#current !== undefined) this.#endMinute();
    await this.#writing;
  }

  #endMinute(): void {
    this.#count();
    this.#current?.cancelWake();
    this.#current = undefined;
    // One at a time: a disk that hangs has no more than one of them.
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Adds what was counted since the last time to the minute under way. */
  #count(): void {
    if (this.#current === undefined) return;
    const totals = this.#totals();
    this.#add(this.#current.number, combine(totals, this.#counted, -1));
    this.#counted = totals;
  }

  #add(number: number, counts: TrafficTotals): void {
    if (names.every((name) => counts[name] <= 0)) return;
    const before = this.#buckets.get(number);
    this.#buckets.set(number, before === undefined ? counts : combine(before, counts, 1));
  }

  #minuteNow(): number {
    return Math.floor(this.#clock.wall() / minute);
  }

  /** Forgets what is too old, or far ahead since the date was set back. */
  #kept(): (readonly [number, TrafficTotals])[] {
    const now = this.#minuteNow();
    for (const number of this.#buckets.keys()) {
      if (Math.abs(number - now) >= mostMinutes) this.#buckets.delete(number);
    }
    return [...this.#buckets].sort(([a], [b]) => a - b);
  }

  async #load(): Promise<void> {
    try {
      const text = await this.#files.readLater(this.#path);
      for (const [number, counts] of parse(text ?? "")) this.#add(number, counts);
    } catch {
      // A file that cannot be read is replaced, or cannot be written either, which is a problem.
    }
  }

  async #write(): Promise<void> {
    await this.#loaded;
    const minutes = this.#kept().map(([number, counts]) => [
      number,
      ...names.map((name) => counts[name]),
    ]);
    try {
      await this.#files.replace(this.#path, `${JSON.stringify({ version, minutes })}\n`);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = reason(error);
    }
  }
}

function combine(a: TrafficTotals, b: TrafficTotals, sign: 1 | -1): TrafficTotals {
  return {
    packets: a.packets + sign * b.packets,
    steps: a.steps + sign * b.steps,
    openings: a.openings + sign * b.openings,
    refusals: a.refusals + sign * b.refusals,
  };
}

/** Returns the minutes of a file; none of one that is damaged or of another version. */
function parse(text: string): (readonly [number, TrafficTotals])[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof json !== "object" || json === null) return [];
  const file = json as { readonly version?: unknown; readonly minutes?: unknown };
  if (file.version !== version || !Array.isArray(file.minutes)) return [];
  const rows: readonly unknown[] = file.minutes.slice(0, 2 * mostMinutes);
  return rows.flatMap((row) => {
    if (!Array.isArray(row) || row.length !== 1 + names.length || !row.every(isCount)) return [];
    const [number = 0, packets = 0, steps = 0, openings = 0, refusals = 0] = row;
    return [[number, { packets, steps, openings, refusals }] as const];
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
