import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import { reapChild } from "../ffi/spawn.ts";

/** How long a child that has ended is left to the code that started it: milliseconds. */
const interval = 1000;

/**
 * Reaps the children that commands leave behind: they become children of process 1, and this process
 * is it in a container without an init. Children that this process started itself have been reaped, by
 * Node or by `spawnProgram`, when their end was told to the event loop. So what is a zombie at two looks
 * one second apart belongs to no code here.
 */
export class ZombieReaper {
  readonly #clock: Clock;
  readonly #look = () => this.#lookSoon();
  #zombies: ReadonlySet<number> = new Set();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    process.on("SIGCHLD", this.#look);
    this.#lookSoon();
  }

  close(): void {
    process.off("SIGCHLD", this.#look);
    this.#cancel?.();
  }

  #lookSoon(): void {
    this.#cancel ??= this.#clock.wakeAt(later(this.#clock.now(), interval), () => {
      this.#cancel = undefined;
      this.#reap();
    });
  }

  #reap(): void {
    const before = this.#zombies;
    const zombies = zombieChildren();
    for (const pid of zombies) if (before.has(pid)) reapChild(pid);
    this.#zombies = new Set(zombies.filter((pid) => !before.has(pid)));
    if (this.#zombies.size > 0) this.#lookSoon();
  }
}

/** The children of this process that have ended and were not waited for; none where /proc is of other processes. */
function zombieChildren(): number[] {
  try {
    if (readlinkSync("/proc/self") !== String(process.pid)) return [];
    return readdirSync("/proc").filter(isZombieChild).map(Number);
  } catch {
    return []; // No descriptor is left, or there is no /proc.
  }
}

/** proc(5): behind the name in parentheses, which may hold anything, stand the state and the parent. */
function isZombieChild(name: string): boolean {
  if (!/^\d+$/.test(name)) return false;
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "latin1");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" && parent === String(process.pid);
  } catch {
    return false; // It is gone.
  }
}
