import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { KnockError, reason } from "../../base/errors.ts";
import type { Sequence } from "../../base/sequence.ts";
import { sameSequence } from "../../base/sequence.ts";
import { TaskSequence } from "../../base/task-sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { findUnused, readOneTimeList, usedMark } from "../../match/one-time.ts";
import { inTime } from "../../system/disk.ts";

/** The files of one-time sequences, and what of them is used up. Both throw SYSTEM. */
export interface OneTimeFiles {
  readonly read: (file: string) => OneTimeList;
  /** Uses a sequence up. */
  readonly markUsed: (file: string, used: Sequence) => MarkedSequence;
}

interface MarkedSequence {
  readonly left: OneTimeList;
  /** Resolves when the mark is on the disk; undefined where none is made. Rejects with SYSTEM. */
  readonly marked: Promise<void> | undefined;
}

/**
 * What is used up is marked in the files, one mark at a time. What is not marked yet, or could not be, is
 * remembered; what could not be is tried again when its file is read the next time.
 */
export function markedFiles(mark: typeof markUsed = markUsed): OneTimeFiles {
  const marks = new TaskSequence();
  const unmarked = new Map<string, Set<Sequence>>();
  const underWay = new Set<Sequence>();
  const markOne = async (file: string, used: Sequence): Promise<void> => {
    underWay.add(used);
    try {
      await mark(file, used);
      unmarked.get(file)?.delete(used);
    } finally {
      underWay.delete(used);
    }
  };
  const begin = (file: string, used: Sequence) => marks.run(() => markOne(file, used));
  const read = (file: string): OneTimeList => {
    const gone = [...(unmarked.get(file) ?? [])];
    const list = readOneTimeFile(file);
    for (const one of gone) {
      // The failure was told when the sequence was used.
      if (!underWay.has(one)) void begin(file, one).catch(() => {});
    }
    return gone.reduce(withoutFirst, list);
  };
  return {
    read,
    markUsed(file, used) {
      const own = unmarked.get(file) ?? new Set();
      unmarked.set(file, own.add(used));
      underWay.add(used);
      const marked = markInTime(file, begin(file, used));
      // The caller may never look at it, if the file cannot be read.
      marked.catch(() => {});
      return { left: read(file), marked };
    },
  };
}

function withoutFirst({ unused, malformed }: OneTimeList, used: Sequence): OneTimeList {
  const first = unused.findIndex(({ sequence }) => sameSequence(sequence, used));
  return { unused: unused.filter((_, i) => i !== first), malformed };
}

/** Rejects with SYSTEM if a mark takes too long. */
async function markInTime(file: string, mark: Promise<void>): Promise<void> {
  try {
    await inTime(mark);
  } catch (error) {
    throw error instanceof KnockError ? error : failure(file, reason(error), error);
  }
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
      return { left: read(file), marked: undefined };
    },
  };
}

/** Reads a file of one-time sequences. Throws SYSTEM. */
export function readOneTimeFile(file: string): OneTimeList {
  try {
    return readOneTimeList(readFileSync(file, "latin1"));
  } catch (error) {
    throw new KnockError("SYSTEM", `cannot read ${file}: ${reason(error)}`, { cause: error });
  }
}

/**
 * Marks a sequence as used. Resolves when that is on the disk: one byte is overwritten in place, which a
 * crash leaves either as it was or as it should be, and which keeps the file's owner, mode and
 * links. An edit of the file meanwhile is kept: the line is looked up again. Throws SYSTEM.
 */
export async function markUsed(file: string, used: Sequence): Promise<void> {
  const line = findUnused(readOneTimeFile(file), used);
  if (line === undefined) return;
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
}

function failure(file: string, why: string, cause?: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot mark a used sequence in ${file}: ${why}`, { cause });
}
