import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Ticks of /proc a second (USER_HZ), on every architecture of Linux that Node runs on. */
const ticks = 100;

/** How much of the machine other programs use meanwhile: what they take, the measurements lack. */
export class BackgroundLoad {
  readonly #begin = performance.now();
  readonly #others = othersUsed();

  /** Their share of all processors since this was made, from 0 to 1. */
  get share(): number {
    const seconds = (performance.now() - this.#begin) / 1_000;
    const used = othersUsed() - this.#others;
    return Math.max(0, used / seconds / availableParallelism());
  }
}

/** Seconds of CPU of all that does not run in this world. */
function othersUsed(): number {
  const [total = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // user, nice, system, idle, iowait, irq, softirq, steal: proc(5)
  const times = total.split(/\s+/).slice(1, 9).map(Number);
  const busy = times.reduce((sum, time, i) => sum + (i === 3 || i === 4 ? 0 : time), 0);
  const own = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => sum + used(pid), 0);
  return (busy - own) / ticks;
}

/** Ticks of a process and of those of its children that have ended. */
function used(pid: string): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
  } catch {
    return 0; // It has ended since.
  }
}
