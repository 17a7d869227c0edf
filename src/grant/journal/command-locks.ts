import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isLocked, tryLock } from "../../ffi/file-lock.ts";

/** A locked descriptor, to be released when the command that inherited it has ended. */
export interface LockHandle {
  readonly fd: number;
  readonly release: () => void;
}

/**
 * Lock files that show, after a crash, which start commands still run: a command inherits a locked
 * descriptor, and the lock lasts until the command and all its children have closed it.
 */
export class CommandLocks {
  readonly #prefix: string;

  /** The path of a lock file is `prefix` and the number of the lease. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Returns a lock for the start command of a lease, or undefined if the file cannot be created. Then the
   * next daemon takes the command for ended.
   */
  take(id: number): LockHandle | undefined {
    // Children of an earlier command may still hold the lock of a lease with the same number.
    remove(this.#path(id));
    try {
      const fd = openSync(this.#path(id), "w", 0o600);
      tryLock(fd);
      return { fd, release: () => closeSync(fd) };
    } catch {
      // The journal has the same trouble, and logs it.
      return undefined;
    }
  }

  /** Returns whether a start command of this lease, or a child of it, still runs. */
  isHeld(id: number): boolean {
    // Without a file there is no lock.
    return isLocked(this.#path(id));
  }

  /** Removes the file of a lease that is gone. */
  forget(id: number): void {
    remove(this.#path(id));
  }

  /** Removes the files of all leases but these. */
  forgetAllBut(ids: ReadonlySet<number>): void {
    const directory = dirname(this.#prefix);
    const start = basename(this.#prefix);
    for (const name of namesIn(directory)) {
      if (!name.startsWith(start) || ids.has(Number(name.slice(start.length)))) continue;
      remove(join(directory, name));
    }
  }

  #path(id: number): string {
    return `${this.#prefix}${id}`;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Without a directory there are no files; the journal logs that.
    return [];
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already.
  }
}
