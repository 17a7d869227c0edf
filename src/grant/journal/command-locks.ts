import { basename, dirname, join } from "node:path";
import { isErrno } from "../../base/errors.ts";
import { tryLock } from "../../ffi/file-lock.ts";
import type { Disk } from "../../system/disk.ts";
import { ifThere, LateDiskError, systemDisk } from "../../system/disk.ts";
import { DiskLane } from "../../system/disk-lane.ts";

/** A locked descriptor, to be released when the command that inherited it has ended. */
export interface LockHandle {
  readonly fd: number;
  readonly release: () => void;
}

/**
 * Lock files that show, after a crash, which start commands still run: a command inherits a locked
 * descriptor, and the lock lasts until the command and all its children have closed it. One operation at
 * a time is under way, off the main thread.
 */
export class CommandLocks {
  readonly #prefix: string;
  readonly #disk: Disk;
  readonly #lane = new DiskLane();

  /** The path of a lock file is `prefix` and the number of the lease. */
  constructor(prefix: string, disk: Disk = systemDisk) {
    this.#prefix = prefix;
    this.#disk = disk;
  }

  /**
   * Resolves to a lock for the start command of a lease, or to undefined if the file cannot be created in
   * time. Then the next daemon takes the command for ended.
   */
  async take(id: number): Promise<LockHandle | undefined> {
    try {
      const fd = await this.#lane.run((signal) => this.#create(this.#path(id), signal));
      return { fd, release: () => this.#release(fd) };
    } catch {
      // The journal has the same trouble, and logs it.
      return undefined;
    }
  }

  /** Resolves to whether a start command of this lease, or a child of it, still runs, or may do so. */
  async isHeld(id: number): Promise<boolean> {
    try {
      return await this.#lane.run(async () => {
        const fd = await this.#disk.open(this.#path(id), "r");
        const isHeld = tryLock(fd) !== "ours";
        await this.#disk.close(fd);
        return isHeld;
      });
    } catch (error) {
      // A file that is not there, or may not be read, has no lock that this process could find.
      return error instanceof LateDiskError;
    }
  }

  /** Removes the file of a lease that is gone. */
  forget(id: number): void {
    this.#remove(() => ifThere(this.#disk.unlink(this.#path(id))));
  }

  /** Removes the files of all leases but these. */
  forgetAllBut(ids: ReadonlySet<number>): void {
    const directory = dirname(this.#prefix);
    const start = basename(this.#prefix);
    this.#remove(async () => {
      for (const name of await this.#disk.readDirectory(directory)) {
        if (!name.startsWith(start) || ids.has(Number(name.slice(start.length)))) continue;
        await this.#disk.unlink(join(directory, name));
      }
    });
  }

  /** Resolves when all that was begun has ended. */
  idle(): Promise<void> {
    return this.#lane.idle();
  }

  async #create(path: string, signal: AbortSignal): Promise<number> {
    const fd = await this.#open(path);
    if (signal.aborted) {
      await this.#disk.close(fd);
      throw signal.reason;
    }
    tryLock(fd);
    return fd;
  }

  async #open(path: string): Promise<number> {
    try {
      return await this.#disk.open(path, "wx", 0o600);
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
      // Children of an earlier command may still hold the lock of a lease with the same number.
      await this.#disk.unlink(path);
      return this.#disk.open(path, "wx", 0o600);
    }
  }

  #release(fd: number): void {
    // A descriptor of a disk that hangs is closed when that answers.
    this.#lane.runLater(() => this.#disk.close(fd)).catch(() => {});
  }

  /** What cannot be removed, a later daemon removes. */
  #remove(remove: () => Promise<void>): void {
    this.#lane.run(remove).catch(() => {});
  }

  #path(id: number): string {
    return `${this.#prefix}${id}`;
  }
}
