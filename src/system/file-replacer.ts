import { dirname } from "node:path";
import { KnockError, reason } from "../base/errors.ts";
import type { Disk } from "./disk.ts";
import { ifThere, systemDisk } from "./disk.ts";
import { DiskLane } from "./disk-lane.ts";
import { hasSameOwner } from "./files.ts";

/** Reads files, and replaces them as `replaceFile` does, one at a time and off the main thread, on a disk that may hang. */
export class FileReplacer {
  readonly #lane = new DiskLane();
  readonly #disk: Disk;

  constructor(disk: Disk = systemDisk) {
    this.#disk = disk;
  }

  /**
   * Gives a file this content in one step, or removes it if the content is `undefined`. Throws SYSTEM, also
   * if that takes too long: then the file stays as it is, unless the disk hung in the very last step.
   */
  async replace(path: string, content: string | undefined): Promise<void> {
    try {
      await this.#lane.run((signal) => this.#replace(path, content, signal));
    } catch (cause) {
      const what = content === undefined ? "remove" : "write";
      throw new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
    }
  }

  /** Resolves to the content of a file, or to undefined if there is none. Rejects if that takes too long. */
  read(path: string): Promise<string | undefined> {
    return this.#lane.run(() => this.#read(path));
  }

  /** As `read`, however long that takes. Nothing is replaced before. */
  readLater(path: string): Promise<string | undefined> {
    return this.#lane.runLater(() => this.#read(path));
  }

  /** Resolves when all that was begun has ended. */
  idle(): Promise<void> {
    return this.#lane.idle();
  }

  async #read(path: string): Promise<string | undefined> {
    return (await ifThere(this.#disk.readFile(path)))?.toString();
  }

  async #replace(path: string, content: string | undefined, signal: AbortSignal): Promise<void> {
    if ((await this.#read(path)) === content) return;
    signal.throwIfAborted();
    if (content === undefined) await ifThere(this.#disk.unlink(path));
    else await this.#write(path, content, signal);
    const directory = await this.#disk.open(dirname(path), "r");
    try {
      await this.#disk.sync(directory);
    } finally {
      await this.#disk.close(directory);
    }
  }

  async #write(path: string, content: string, signal: AbortSignal): Promise<void> {
    const draft = `${path}.new`;
    const old = await ifThere(this.#disk.stat(path));
    // A draft left by a crash may have any owner and mode.
    await ifThere(this.#disk.unlink(draft));
    const fd = await this.#disk.open(draft, "wx", 0o600);
    try {
      await this.#disk.write(fd, Buffer.from(content), 0);
      if (old !== undefined) {
        if (!hasSameOwner(await this.#disk.stat(draft), old)) {
          await this.#disk.chown(fd, old.uid, old.gid);
        }
        await this.#disk.chmod(fd, old.mode & 0o777);
      }
      await this.#disk.sync(fd);
    } finally {
      await this.#disk.close(fd);
    }
    signal.throwIfAborted();
    await this.#disk.rename(draft, path);
  }
}
