import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { KnockError, reason } from "../../base/errors.ts";
import { tryLock } from "../../ffi/file-lock.ts";

/** The file that holds this process's number, locked as long as it is ours. */
export class PidFile {
  readonly path: string;
  readonly #fd: number;

  /** Writes the number of this process. Throws SYSTEM, also if another daemon holds the file. */
  constructor(path: string) {
    this.path = path;
    try {
      // Not truncated before it is locked: it may be another's.
      this.#fd = openSync(path, "a", 0o644);
    } catch (error) {
      throw new KnockError("SYSTEM", `could not create pid file ${path}: ${reason(error)}`, {
        cause: error,
      });
    }
    if (tryLock(this.#fd) !== "ours") {
      closeSync(this.#fd);
      const message = `could not create pid file ${path}: another daemon holds it`;
      throw new KnockError("SYSTEM", message);
    }
    ftruncateSync(this.#fd);
    writeSync(this.#fd, `${process.pid}\n`);
  }

  /** Removes the file. */
  remove(): void {
    try {
      unlinkSync(this.path);
    } catch {
      // It was removed already.
    }
    closeSync(this.#fd);
  }
}
