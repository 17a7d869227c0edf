import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import { prepareSpawning, programsStarted } from "../ffi/spawner.ts";
import { ZombieReaper } from "./zombie-reaper.ts";

/** How long programs may take to start at the end: milliseconds. */
const startPatience = 1000;

/** The programs that the daemon starts, from what they need to be started to what they leave behind. */
export class ChildProcesses {
  /** Fulfilled when the first command need not wait. */
  readonly ready: Promise<void>;
  readonly #reaper: ZombieReaper | undefined;

  constructor({ doors }: Config, clock: Clock) {
    const hasCommands = doors.some(({ action }) => action.kind === "command");
    this.ready = hasCommands ? prepareSpawning() : Promise.resolve();
    if (process.pid === 1) this.#reaper = new ZombieReaper(clock);
  }

  /** Fulfilled when all have been started that were to be: one that was not would end with this process. */
  async started(): Promise<void> {
    await Promise.race([programsStarted(), sleep(startPatience, undefined, { ref: false })]);
  }

  close(): void {
    this.#reaper?.close();
  }
}
