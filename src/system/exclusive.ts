import { closeSync, openSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KnockError, reason } from "../base/errors.ts";
import { tryLock } from "../ffi/file-lock.ts";

/** Milliseconds between two tries, and how many there are. */
const pause = 100;
const mostTries = 100;

/**
 * Runs `task` while no other process runs one for a file of the same directories. Throws SYSTEM if a lock takes
 * 10 s.
 */
export async function exclusively<T>(
  files: string | readonly string[],
  task: () => Promise<T>,
): Promise<T> {
  const directories = new Set([files].flat().map(realDirectoryOf));
  const fds: number[] = [];
  try {
    // Sorted: two processes that take several locks in one order do not wait for each other.
    for (const directory of [...directories].sort()) fds.push(await lock(directory));
    return await task();
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** Locks a directory. Returns its descriptor; the lock ends when it is closed. Throws SYSTEM. */
async function lock(directory: string): Promise<number> {
  let fd: number;
  try {
    fd = openSync(directory, "r");
  } catch (cause) {
    throw cannotLock(directory, cause);
  }
  for (let i = 1; tryLock(fd) === "other"; i++) {
    if (i >= mostTries) {
      closeSync(fd);
      throw new KnockError("SYSTEM", `another process changes files in ${directory}`);
    }
    await sleep(pause);
  }
  return fd;
}

/** One directory by two names would be locked twice, and wait for itself. Throws SYSTEM. */
function realDirectoryOf(file: string): string {
  const directory = dirname(file);
  try {
    return realpathSync(directory);
  } catch (cause) {
    throw cannotLock(directory, cause);
  }
}

function cannotLock(directory: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot lock ${directory}: ${reason(cause)}`, { cause });
}
