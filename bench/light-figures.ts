import { BenchDaemon } from "./daemon.ts";
import { nativeDoor } from "./doors.ts";
import type { Installation } from "./installations.ts";
import { sesameKeys } from "./sesame-keys.ts";
import type { BenchTestBed } from "./test-bed.ts";

/** KiB, and wake-ups. */
export interface MinuteAfterStart {
  readonly resident: number;
  /** What nothing else shares or gives back. */
  readonly own: number;
  /** Context switches since it listened. */
  readonly switches: number;
}

/** KiB that were resident. */
export interface FloodMemory {
  readonly before: number;
  readonly most: number;
  readonly minuteAfter: number;
}

export interface LightFigures {
  readonly installations: readonly Installation[];
  /** Milliseconds, by label. */
  readonly starts: Lists<number>;
  readonly clients: Lists<number>;
  readonly minutes: Lists<MinuteAfterStart>;
  readonly floods: Lists<FloodMemory>;
}

/** Figures by label. */
export class Lists<T> {
  readonly #lists = new Map<string, T[]>();

  add(label: string, figure: T): void {
    this.#lists.set(label, [...this.of(label), figure]);
  }

  of(label: string): readonly T[] {
    return this.#lists.get(label) ?? [];
  }
}

export type StartDaemon = (
  stage: BenchTestBed,
) => Promise<Pick<BenchDaemon, "usage" | "ownMemory" | "stop">>;

/** Daemons in which something more is switched on. */
export const switchedOn: Readonly<Record<string, StartDaemon>> = {
  "100 keys": (stage) => sesameKeys.start(stage, 100),
  "a door in the kernel": (stage) =>
    BenchDaemon.start("sesame", stage, `Table = bench\n${nativeDoor}`),
};
