import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno, KnockError, reason } from "../base/errors.ts";
import { TaskSequence } from "../base/task-sequence.ts";

/** How long a disk may take: milliseconds. One that takes longer has failed. */
const patience = 2000;

/** Makes what was written to an open file durable. */
type SyncFile = (file: { readonly sync: () => Promise<void> }) => Promise<void>;

/** Resolves as `operation` does. Rejects if the disk takes too long. */
export async function inTime<T>(operation: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const expire = () => reject(new Error("the disk has not answered for 2 s"));
    timer = setTimeout(expire, patience);
  });
  try {
    return await Promise.race([operation, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Replaces files as `replaceFile` does, one at a time and off the main thread, on a disk that may hang. */
export class FileReplacer {
  readonly #tasks = new TaskSequence();
  readonly #sync: SyncFile;

  constructor(sync: SyncFile = (file) => file.sync()) {
    this.#sync = sync;
  }

  /**
   * Gives a file this content in one step, or removes it if the content is `undefined`. Throws SYSTEM, also
   * if that takes too long: then the file stays as it is, unless the disk hung in the very last step.
   */
  async replace(path: string, content: string | undefined): Promise<void> {
    const abort = new AbortController();
    try {
      await inTime(this.#tasks.run(() => this.#replace(path, content, abort.signal)));
    } catch (cause) {
      abort.abort();
      const what = content === undefined ? "remove" : "write";
      throw new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
    }
  }

  async #replace(path: string, content: string | undefined, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted();
    if ((await ifThere(readFile(path, "utf8"))) === content) return;
    if (content === undefined) await rm(path, { force: true });
    else await this.#write(path, content, abort);
    const directory = await open(dirname(path), "r");
    try {
      await this.#sync(directory);
    } finally {
      await directory.close();
    }
  }

  async #write(path: string, content: string, abort: AbortSignal): Promise<void> {
    const draft = `${path}.new`;
    const old = await ifThere(stat(path));
    // A draft left by a crash may have any owner and mode.
    await rm(draft, { force: true });
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(content);
      if (old !== undefined) {
        await file.chown(old.uid, old.gid);
        await file.chmod(old.mode & 0o777);
      }
      await this.#sync(file);
    } finally {
      await file.close();
    }
    abort.throwIfAborted();
    await rename(draft, path);
  }
}

/** Resolves to undefined if the file of `access` does not exist. */
async function ifThere<T>(access: Promise<T>): Promise<T | undefined> {
  try {
    return await access;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
