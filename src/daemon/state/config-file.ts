import { isErrno, KnockError } from "../../base/errors.ts";
import { unreadableConfig } from "../../config/load.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk, track } from "../../system/disk.ts";
import { DiskLane } from "../../system/disk-lane.ts";

/** What helps a knockd without root, after an editor has made a new file. */
const denied = "systemctl reload knockd lets knockd read it";

/** The file of the configuration, which is read off the main thread. */
export class ConfigFile {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #lane = new DiskLane();

  constructor(path: string, disk: Disk = systemDisk) {
    this.#path = path;
    this.#disk = disk;
  }

  /** Resolves to its bytes, however long the disk takes. Throws CONFIG. */
  readAtStart(): Promise<Uint8Array> {
    return this.#read(() => track(this.#disk.readFile(this.#path)));
  }

  /** Resolves to its bytes for a reload. Throws CONFIG, also if the disk has not answered for 2 s. */
  async read(): Promise<Uint8Array> {
    try {
      return await this.#read(() => this.#lane.run(() => this.#disk.readFile(this.#path)));
    } catch (error) {
      if (!(error instanceof KnockError && isErrno(error.cause, "EACCES"))) throw error;
      // The problems of a configuration are lines, and so are their hints: see `formatWithHint`.
      const message = `${error.message}\n${this.#path}: hint: ${denied}`;
      throw new KnockError(error.code, message, { cause: error.cause });
    }
  }

  async #read(read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await read();
    } catch (error) {
      throw unreadableConfig(this.#path, error);
    }
  }
}
