import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { RedisServer } from "../test/live/redis-server.ts";
import { BenchDaemon } from "./daemon.ts";
import { commandDoor, nativeDoor } from "./doors.ts";
import type { Installation, ReleaseSize } from "./installations.ts";
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

/** KiB that were resident, and the packets that its ring lost, where that can be seen. */
export interface FloodMemory {
  readonly before: number;
  readonly most: number;
  readonly minuteAfter: number;
  readonly lost: number | undefined;
}

export interface LightFigures {
  readonly installations: readonly Installation[];
  readonly sizes: readonly ReleaseSize[];
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

/** The label of Node.js with an empty program. */
export const nodeAlone = "Node.js alone";

export type StartDaemon = (
  stage: BenchTestBed,
) => Promise<Pick<BenchDaemon, "usage" | "ownMemory" | "stop">>;

/** What may be switched on besides, and costs memory. */
export const features = ["100 keys", "a door in the kernel", "a fleet"] as const;
export type Feature = (typeof features)[number];

/** Returns daemons in which one more thing is switched on each; `store`: that of a fleet. */
export function switchedOn(store: RedisServer | undefined): ReadonlyMap<Feature, StartDaemon> {
  const starts = new Map<Feature, StartDaemon>([
    ["100 keys", (stage) => sesameKeys.start(stage, 100)],
    [
      "a door in the kernel",
      (stage) => BenchDaemon.start("sesame", stage, `Table = bench\n${nativeDoor}`),
    ],
  ]);
  if (store !== undefined) {
    const keys = store.folder.at("fleet");
    writeFileSync(keys, `key = ${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
    const options = `Fleet = redis+unix://${store.folder.at("redis.sock")}\nFleetFile = ${keys}\n`;
    starts.set("a fleet", (stage) =>
      BenchDaemon.start("sesame", stage, `${options}${commandDoor}`),
    );
  }
  return starts;
}
