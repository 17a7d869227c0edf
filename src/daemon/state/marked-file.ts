import type { Clock } from "../../base/clock.ts";
import { KnockError, reason } from "../../base/errors.ts";
import type { Sequence } from "../../base/sequence.ts";
import { sameSequence } from "../../base/sequence.ts";
import type { TaskSequence } from "../../base/task-sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { inTime, LateDiskError } from "../../system/disk.ts";
import type { markUsed, readList } from "./one-time-file.ts";
import { readOneTimeFile, unmarkable, unreadableList } from "./one-time-file.ts";

export interface MarkedSequence {
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

export interface MarkedFileParts {
  readonly mark: typeof markUsed;
  readonly readLater: typeof readList;
  /** The marks in the directory of the file. */
  readonly marks: TaskSequence;
  readonly clock: Clock | undefined;
}

/** A file of one-time sequences, and what of it is used up. */
export class MarkedFile {
  readonly #path: string;
  readonly #parts: MarkedFileParts;
  /** As it was read last, without what was marked since. `undefined`: it was not read yet. */
  #list: OneTimeList | undefined;
  /** Why it cannot be read. */
  #problem: KnockError | undefined;
  /** A reading that is late. */
  #late: Promise<void> | undefined;
  readonly #unmarked = new Set<Sequence>();
  readonly #underWay = new Set<Sequence>();

  constructor(path: string, parts: MarkedFileParts) {
    this.#path = path;
    this.#parts = parts;
  }

  /** As `OneTimeFiles.load`. */
  async load(onAnswer: () => void): Promise<string | undefined> {
    try {
      // Another reading would only wait for the late one.
      if (this.#late !== undefined) throw new LateDiskError();
      const reading = this.#parts.marks.run(() => this.#read());
      try {
        await inTime(reading, this.#parts.clock);
      } catch (error) {
        if (error instanceof LateDiskError) this.#awaitLate(reading, onAnswer);
        throw error;
      }
    } catch (error) {
      const problem = this.#asProblem(error);
      if (error instanceof LateDiskError && this.#isUsable) return problem.message;
      this.#problem = problem;
    }
    return undefined;
  }

  read(): OneTimeList {
    if (this.#problem !== undefined) throw this.#problem;
    this.#list ??= readOneTimeFile(this.#path);
    return this.left;
  }

  /** Whether the file lacks the mark of a sequence that was used. */
  get isBehind(): boolean {
    return this.#unmarked.size > 0;
  }

  get left(): OneTimeList {
    return [...this.#unmarked].reduce(withoutFirst, this.#list ?? emptyList);
  }

  async #read(): Promise<void> {
    this.#list = await this.#parts.readLater(this.#path);
    this.#problem = undefined;
    for (const one of this.#unmarked) {
      // The failure was told when the sequence was used.
      if (!this.#underWay.has(one)) this.#mark(one).catch(() => {});
    }
  }

  /** Whether `read` returns a list. */
  get #isUsable(): boolean {
    return this.#list !== undefined && this.#problem === undefined;
  }

  #awaitLate(reading: Promise<void>, onAnswer: () => void): void {
    const wasUsable = this.#isUsable;
    const fail = (error: unknown) => {
      this.#problem = this.#asProblem(error);
    };
    this.#late = reading.catch(fail).then(() => {
      this.#late = undefined;
      if (!wasUsable) onAnswer();
    });
  }

  #asProblem(error: unknown): KnockError {
    return error instanceof KnockError ? error : unreadableList(this.#path, error);
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
      throw error instanceof KnockError ? error : unmarkable(this.#path, reason(error), error);
    }
  }
}

const emptyList: OneTimeList = { unused: [], malformed: [], lines: "" };

function withoutFirst({ unused, ...list }: OneTimeList, used: Sequence): OneTimeList {
  const first = unused.findIndex(({ sequence }) => sameSequence(sequence, used));
  return { ...list, unused: unused.filter((_, i) => i !== first) };
}
