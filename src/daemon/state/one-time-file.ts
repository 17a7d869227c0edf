import { readFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { KnockError, reason } from "../../base/errors.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { findUnused, readOneTimeList, usedMark } from "../../match/one-time.ts";

/** Reads a file of one-time sequences. Throws SYSTEM. */
export function readOneTimeFile(file: string): OneTimeList {
  try {
    return readOneTimeList(readFileSync(file, "latin1"));
  } catch (error) {
    throw unreadableList(file, error);
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
    throw unmarkable(file, reason(error), error);
  }
  return list;
}

/** As `readOneTimeFile`, beside the main loop. */
export async function readList(file: string): Promise<OneTimeList> {
  try {
    return readOneTimeList(await readFile(file, "latin1"));
  } catch (error) {
    throw unreadableList(file, error);
  }
}

/** Returns what is thrown for a file that cannot be read. */
export function unreadableList(file: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot read ${file}: ${reason(cause)}`, { cause });
}

/** Returns what is thrown for a file that cannot be written. */
export function unmarkable(file: string, why: string, cause?: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot mark a used sequence in ${file}: ${why}`, { cause });
}
