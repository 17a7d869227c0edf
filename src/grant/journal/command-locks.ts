import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isLocked, tryLock } from "../../ffi/file-lock.ts";

/** A locked descriptor, to be released once the command that has a copy has ended. */
export interface LockHandle {
  readonly fd: number;
  readonly release: () => void;
}

/**
 * Files that tell, after a crash, which start commands still run: a command inherits a locked
 * descriptor, and the lock lasts until the command and all its children have closed it.
 */
export class CommandLocks {
  readonly #prefix: string;

  /** `prefix`: the beginning of the files' paths; a number follows. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * For the start command of a lease. Undefined if there is no place for it: then a crash is less well
   * covered, no more.
   */
  take(id: number): LockHandle | undefined {
    // One of an earlier lease of this number may still be held by what its command left behind.
    remove(this.#path(id));
    try {
      const fd = openSync(this.#path(id), "w", 0o600);
      tryLock(fd);
      return { fd, release: () => closeSync(fd) };
    } catch {
      // The journal has met the same trouble, and has told of it.
      return undefined;
    }
  }

  /** Does a start command of this lease, or a child of it, still run? */
  isHeld(id: number): boolean {
    // There may never have been one, or it was cleared away.
    return isLocked(this.#path(id));
  }

  /** The lease is gone: its file is of no use any more. */
  forget(id: number): void {
    remove(this.#path(id));
  }

  /** Clears away the files of all leases but these. */
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
    // Without a directory there are no files in it; the journal has told of it.
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
