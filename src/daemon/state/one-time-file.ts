import { readFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { KnockError, reason } from "../../base/errors.ts";
import type { Sequence } from "../../base/sequence.ts";
import { sameSequence } from "../../base/sequence.ts";
import { TaskSequence } from "../../base/task-sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { findUnused, readOneTimeList, usedMark } from "../../match/one-time.ts";
import { inTime } from "../../system/disk.ts";

/** The files of one-time sequences, and what of them is used up. */
export interface OneTimeFiles {
  /** Throws SYSTEM. */
  readonly read: (file: string) => OneTimeList;
  /** Uses a sequence up, of a file that was read. Waits for no disk. */
  readonly markUsed: (file: string, used: Sequence) => MarkedSequence;
}

interface MarkedSequence {
  /** What is left of the list as it was when it was read last. */
  readonly left: OneTimeList;
  /** Undefined where no mark is made. */
  readonly mark: UnderwayMark | undefined;
}

/** The mark of a sequence that is used up, on its way to the disk. */
interface UnderwayMark {
  /** Resolves when the mark is on the disk. Rejects with SYSTEM, also if that takes longer than 2 s. */
  readonly inTime: Promise<void>;
  /** Resolves when the mark is on the disk, however late, to what is left then. Rejects with SYSTEM. */
  readonly ended: Promise<OneTimeList>;
}

/**
 * What is used up is marked in the files, one mark at a time in a directory: a disk that hangs delays the
 * lists on other disks not at all. What is not marked yet, or could not be, is remembered; what could not
 * be is tried again when its file is read the next time.
 */
export function markedFiles(mark: typeof markUsed = markUsed, clock?: Clock): OneTimeFiles {
  const files = new Map<string, MarkedFile>();
  const directories = new Map<string, TaskSequence>();
  const open = (path: string): MarkedFile => {
    const directory = dirname(path);
    const marks = directories.get(directory) ?? new TaskSequence();
    directories.set(directory, marks);
    const file = files.get(path) ?? new MarkedFile(path, { mark, marks, clock });
    files.set(path, file);
    return file;
  };
  return {
    read: (file) => open(file).read(),
    markUsed: (file, used) => open(file).markUsed(used),
  };
}

interface MarkedFileParts {
  readonly mark: typeof markUsed;
  /** The marks in the directory of the file. */
  readonly marks: TaskSequence;
  readonly clock: Clock | undefined;
}

class MarkedFile {
  readonly #path: string;
  readonly #parts: MarkedFileParts;
  /** As it was read last, without what was marked since. */
  #list: OneTimeList = { unused: [], malformed: [] };
  readonly #unmarked = new Set<Sequence>();
  readonly #underWay = new Set<Sequence>();

  constructor(path: string, parts: MarkedFileParts) {
    this.#path = path;
    this.#parts = parts;
  }

  read(): OneTimeList {
    this.#list = readOneTimeFile(this.#path);
    const { left } = this;
    for (const one of this.#unmarked) {
      // The failure was told when the sequence was used.
      if (!this.#underWay.has(one)) this.#mark(one).catch(() => {});
    }
    return left;
  }

  get left(): OneTimeList {
    return [...this.#unmarked].reduce(withoutFirst, this.#list);
  }

  markUsed(used: Sequence): MarkedSequence {
    this.#unmarked.add(used);
    const ended = this.#mark(used);
    return { left: this.left, mark: { inTime: this.#limit(ended), ended } };
  }

  #mark(used: Sequence): Promise<OneTimeList> {
    this.#underWay.add(used);
    return this.#parts.marks.run(async () => {
      try {
        const before = await this.#parts.mark(this.#path, used);
        this.#list = withoutFirst(before, used);
        this.#unmarked.delete(used);
        return this.left;
      } finally {
        this.#underWay.delete(used);
      }
    });
  }

  /** Rejects with SYSTEM if a mark takes too long. */
  async #limit(mark: Promise<unknown>): Promise<void> {
    try {
      await inTime(mark, this.#parts.clock);
    } catch (error) {
      throw error instanceof KnockError ? error : failure(this.#path, reason(error), error);
    }
  }
}

function withoutFirst({ unused, malformed }: OneTimeList, used: Sequence): OneTimeList {
  const first = unused.findIndex(({ sequence }) => sameSequence(sequence, used));
  return { unused: unused.filter((_, i) => i !== first), malformed };
}

/** What is used up is remembered, and the files stay as they are: for dry runs. */
export function untouchedFiles(): OneTimeFiles {
  const used = new Map<string, readonly number[]>();
  const read = (file: string): OneTimeList => {
    const { unused, malformed } = readOneTimeFile(file);
    const gone = used.get(file) ?? [];
    return { unused: unused.filter(({ offset }) => !gone.includes(offset)), malformed };
  };
  return {
    read,
    markUsed(file, sequence) {
      const line = findUnused(read(file), sequence);
      if (line !== undefined) used.set(file, [...(used.get(file) ?? []), line.offset]);
      return { left: read(file), mark: undefined };
    },
  };
}

/** Reads a file of one-time sequences. Throws SYSTEM. */
export function readOneTimeFile(file: string): OneTimeList {
  try {
    return readOneTimeList(readFileSync(file, "latin1"));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * Marks a sequence as used. Resolves, when that is on the disk, to the list as it was before: one byte is
 * overwritten in place, which a crash leaves either as it was or as it should be, and which keeps the
 * file's owner, mode and links. An edit of the file meanwhile is kept: the line is looked up again.
 * Throws SYSTEM.
 */
export async function markUsed(file: string, used: Sequence): Promise<OneTimeList> {
  const list = await readList(file);
  const line = findUnused(list, used);
  if (line === undefined) return list;
  try {
    const handle = await open(file, "r+");
    try {
      await handle.write(usedMark, line.offset, "latin1");
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw failure(file, reason(error), error);
  }
  return list;
}

async function readList(file: string): Promise<OneTimeList> {
  try {
    return readOneTimeList(await readFile(file, "latin1"));
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot read ${file}: ${reason(cause)}`, { cause });
}

function failure(file: string, why: string, cause?: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot mark a used sequence in ${file}: ${why}`, { cause });
}
