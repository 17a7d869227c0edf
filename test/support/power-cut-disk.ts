import { constants } from "node:fs";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Disk } from "../../src/system/disk.ts";

/** What reaches a disk whole or not at all: bytes. */
const sectorLength = 512;

interface PendingWrite {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** A file: what is read now, what a power cut leaves for sure, and what was written since. */
interface CachedFile {
  bytes: Uint8Array;
  durable: Uint8Array;
  pending: readonly PendingWrite[];
}

type FileNames = ReadonlyMap<string, CachedFile>;

/**
 * A disk in memory with the cache that a power cut empties: of writes that were not synced, any sectors
 * may be there, whatever their order; of names that were not synced, those up to any change.
 */
export class PowerCutDisk {
  #names: FileNames;
  /** The names before each change since the directory was synced; the first is durable. */
  #earlierNames: readonly FileNames[] = [];
  readonly #open = new Map<number, CachedFile | "directory">();
  #nextFd = 3;
  /** Called before each operation. */
  onOperation: () => void = () => {};

  /** `contents` are durable, by the path of the file. */
  constructor(contents: ReadonlyMap<string, Uint8Array>) {
    this.#names = new Map(
      Array.from(contents, ([path, bytes]) => [path, { bytes, durable: bytes, pending: [] }]),
    );
  }

  /** Returns the disk after a power cut now; `pick(n)` chooses one of the numbers from 0 to n - 1. */
  cut(pick: (count: number) => number): PowerCutDisk {
    const states = [...this.#earlierNames, this.#names];
    const names = states[pick(states.length)] ?? this.#names;
    return new PowerCutDisk(
      new Map(Array.from(names, ([path, file]) => [path, remainder(file, pick)])),
    );
  }

  get disk(): Disk {
    const step = async <T>(operation: () => T): Promise<T> => {
      this.onOperation();
      await setImmediate();
      return operation();
    };
    return {
      open: (path, flags) => step(() => this.#openFile(path, flags)),
      write: (fd, bytes, position) => {
        // The caller may use its buffer again only after the write.
        const write = { position: position ?? Number.NaN, bytes: Uint8Array.from(bytes) };
        return step(() => {
          const file = this.#fileOf(fd);
          file.bytes = written(file.bytes, write);
          file.pending = [...file.pending, write];
        });
      },
      syncData: (fd) => this.#sync(fd),
      sync: (fd) => this.#sync(fd),
      close: (fd) => step(() => void this.#open.delete(fd)),
      chown: () => step(() => {}),
      chmod: () => step(() => {}),
      readFile: (path) => step(() => Buffer.from(this.#find(path).bytes)),
      stat: () => Promise.reject(new Error("not modelled")),
      rename: (from, to) =>
        step(() => {
          const names = new Map(this.#names).set(to, this.#find(from));
          names.delete(from);
          this.#rename(names);
        }),
      unlink: (path) =>
        step(() => {
          const names = new Map(this.#names);
          names.delete(path);
          this.#rename(names);
        }),
      readDirectory: () => Promise.reject(new Error("not modelled")),
      makeDirectory: () => step(() => {}),
    };
  }

  /** What is written, or named, while the sync is under way need not be durable. */
  async #sync(fd: number): Promise<void> {
    const file = this.#open.get(fd);
    if (file === "directory") {
      const names = this.#names;
      await this.#pause();
      // What was named meanwhile came later in the order of changes.
      const at = this.#earlierNames.indexOf(names);
      this.#earlierNames = at < 0 ? [] : this.#earlierNames.slice(at);
      return;
    }
    const { bytes, pending } = this.#fileOf(fd);
    await this.#pause();
    const now = this.#fileOf(fd);
    now.durable = bytes;
    now.pending = now.pending.filter((write) => !pending.includes(write));
  }

  async #pause(): Promise<void> {
    this.onOperation();
    await setImmediate();
  }

  #openFile(path: string, flags: string | number): number {
    const fd = this.#nextFd++;
    const isDirectory = [...this.#names.keys()].some((name) => dirname(name) === path);
    if (isDirectory) {
      this.#open.set(fd, "directory");
      return fd;
    }
    const isNew = flags === "w+" || !this.#names.has(path);
    if (isNew && flags !== "w+" && (Number(flags) & constants.O_CREAT) === 0) this.#find(path);
    const none = new Uint8Array();
    const file = isNew ? { bytes: none, durable: none, pending: [] } : this.#find(path);
    if (isNew) this.#rename(new Map(this.#names).set(path, file));
    this.#open.set(fd, file);
    return fd;
  }

  #rename(names: FileNames): void {
    this.#earlierNames = [...this.#earlierNames, this.#names];
    this.#names = names;
  }

  #find(path: string): CachedFile {
    const file = this.#names.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return file;
  }

  #fileOf(fd: number): CachedFile {
    const file = this.#open.get(fd);
    if (file === undefined || file === "directory") throw new Error(`no file ${fd} is open`);
    return file;
  }
}

function written(before: Uint8Array, { position, bytes }: PendingWrite): Uint8Array {
  const after = new Uint8Array(Math.max(before.length, position + bytes.length));
  after.set(before);
  after.set(bytes, position);
  return after;
}

/** What of a file is on the disk after a power cut: all that is durable, and any sectors of what is not. */
function remainder({ durable, pending }: CachedFile, pick: (count: number) => number): Uint8Array {
  let left = durable;
  for (const { position, bytes } of pending) {
    for (let start = position; start < position + bytes.length; ) {
      const end = Math.min(
        (Math.floor(start / sectorLength) + 1) * sectorLength,
        position + bytes.length,
      );
      const part = bytes.subarray(start - position, end - position);
      if (pick(2) === 1) left = written(left, { position: start, bytes: part });
      start = end;
    }
  }
  return left;
}
