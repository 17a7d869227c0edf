import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Sequence } from "../../base/sequence.ts";
import { TaskSequence } from "../../base/task-sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { findUnused } from "../../match/one-time.ts";
import type { MarkedSequence } from "./marked-file.ts";
import { MarkedFile } from "./marked-file.ts";
import { markUsed, readList, readOneTimeFile } from "./one-time-file.ts";

/** The files of one-time sequences, and what of them is used up. */
export interface OneTimeFiles {
  /**
   * Reads files beside the main loop, for 2 s at most, and resolves to why some stay as they were loaded
   * before. `onAnswer` is called when the disk of a file that was never read before has answered late.
   */
  readonly load: (
    files: readonly string[],
    onAnswer: (file: string) => void,
  ) => Promise<readonly string[]>;
  /** Returns what was loaded last; reads a file that was never loaded. Throws SYSTEM. */
  readonly read: (file: string) => OneTimeList;
  /** Uses a sequence up, of a file that was read. Waits for no disk. */
  readonly markUsed: (file: string, used: Sequence) => MarkedSequence;
  /** Resolves when no mark is under way. */
  readonly idle: () => Promise<void>;
  /** The files that lack a mark. */
  readonly behind: () => readonly string[];
}

/**
 * What is used up is marked in the files, one mark at a time in a directory: a disk that hangs delays the
 * lists on other disks not at all. What is not marked yet, or could not be, is remembered; what could not
 * be is tried again when its file is read the next time.
 */
export function markedFiles(
  mark: typeof markUsed = markUsed,
  clock?: Clock,
  readLater: typeof readList = readList,
): OneTimeFiles {
  const files = new Map<string, MarkedFile>();
  const directories = new Map<string, TaskSequence>();
  const open = (path: string): MarkedFile => {
    const directory = dirname(path);
    const marks = directories.get(directory) ?? new TaskSequence();
    directories.set(directory, marks);
    const file = files.get(path) ?? new MarkedFile(path, { mark, readLater, marks, clock });
    files.set(path, file);
    return file;
  };
  return {
    load: (paths, onAnswer) => {
      return loadAll(paths, (path) => open(path).load(() => onAnswer(path)));
    },
    read: (file) => open(file).read(),
    markUsed: (file, used) => open(file).markUsed(used),
    idle: async () => {
      await Promise.all([...directories.values()].map((marks) => marks.run(async () => {})));
    },
    behind: () => [...files].filter(([, file]) => file.isBehind).map(([path]) => path),
  };
}

async function loadAll(
  paths: readonly string[],
  load: (path: string) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const problems = await Promise.all([...new Set(paths)].map(load));
  return problems.filter((problem) => problem !== undefined);
}

/** What is used up is remembered, and the files stay as they are: for dry runs. */
export function untouchedFiles(): OneTimeFiles {
  const used = new Map<string, readonly number[]>();
  const read = (file: string): OneTimeList => {
    const list = readOneTimeFile(file);
    const gone = used.get(file) ?? [];
    return { ...list, unused: list.unused.filter(({ offset }) => !gone.includes(offset)) };
  };
  return {
    // Nothing of a dry run waits for the main loop.
    load: async () => [],
    idle: async () => {},
    behind: () => [],
    read,
    markUsed(file, sequence) {
      const line = findUnused(read(file), sequence);
      if (line !== undefined) used.set(file, [...(used.get(file) ?? []), line.offset]);
      return { left: read(file), mark: undefined };
    },
  };
}
