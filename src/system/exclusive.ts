import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KnockError, reason } from "../base/errors.ts";
import { tryLock } from "../ffi/file-lock.ts";

/** Milliseconds between two tries, and how many there are. */
const pause = 100;
const mostTries = 100;

/**
 * Runs `task` while no other process runs one for a file of the same directory. Throws SYSTEM if that
 * takes 10 s.
 */
export async function exclusively<T>(file: string, task: () => Promise<T>): Promise<T> {
  const directory = dirname(file);
  let fd: number;
  try {
    fd = openSync(directory, "r");
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot lock ${directory}: ${reason(cause)}`, { cause });
  }
  try {
    for (let i = 1; tryLock(fd) === "other"; i++) {
      if (i >= mostTries) throw new KnockError("SYSTEM", `another process changes ${file}`);
      await sleep(pause);
    }
    return await task();
  } finally {
    closeSync(fd);
  }
}
