import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { KnockError, reason } from "../../base/errors.ts";
import type { Sequence } from "../../base/sequence.ts";
import { sameSequence } from "../../base/sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { findUnused, readOneTimeList, usedMark } from "../../match/one-time.ts";

/** The files of one-time sequences, and what of them is used up. Both throw SYSTEM. */
export interface OneTimeFiles {
  readonly read: (file: string) => OneTimeList;
  /** Uses a sequence up; what is left. */
  readonly markUsed: (file: string, used: Sequence) => OneTimeList;
}

/**
 * What is used up is marked in the files. What could not be marked is remembered, and marked when its file
 * is read the next time, if that is possible then.
 */
export function markedFiles(): OneTimeFiles {
  const unmarked = new Map<string, readonly Sequence[]>();
  const read = (file: string): OneTimeList => {
    const gone = (unmarked.get(file) ?? []).filter((sequence) => !canMark(file, sequence));
    unmarked.set(file, gone);
    const { unused, malformed } = readOneTimeFile(file);
    const isGone = (one: Sequence) => gone.some((other) => sameSequence(one, other));
    return { unused: unused.filter(({ sequence }) => !isGone(sequence)), malformed };
  };
  return {
    read,
    markUsed(file, sequence) {
      try {
        markUsed(file, sequence);
      } catch (error) {
        unmarked.set(file, [...(unmarked.get(file) ?? []), sequence]);
        throw error;
      }
      return read(file);
    },
  };
}

function canMark(file: string, used: Sequence): boolean {
  try {
    markUsed(file, used);
    return true;
  } catch {
    // That was told when it was used.
    return false;
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
      return read(file);
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
 * Marks a sequence as used, on the disk when this returns: one byte is overwritten in place, which a
 * crash leaves either as it was or as it should be, and which keeps the file's owner, mode and
 * links. An edit of the file meanwhile is kept: the line is looked up again. Throws SYSTEM.
 */
export function markUsed(file: string, used: Sequence): OneTimeList {
  const line = findUnused(readOneTimeFile(file), used);
  try {
    if (line !== undefined) {
      const fd = openSync(file, "r+");
      try {
        writeSync(fd, usedMark, line.offset, "latin1");
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
  } catch (error) {
    const message = `cannot mark a used sequence in ${file}: ${reason(error)}`;
    throw new KnockError("SYSTEM", message, { cause: error });
  }
  return readOneTimeFile(file);
}
