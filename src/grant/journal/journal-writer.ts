// Longer than other files: what is under way decides what may begin, and all of that is here.
import type { Clock } from "../../base/clock.ts";
import { isErrno, KnockError } from "../../base/errors.ts";
import { later, longAgo } from "../../base/time.ts";
import type { Disk } from "../../system/disk.ts";
import { LateDiskError, track, whenLate } from "../../system/disk.ts";
import type { JournalContents } from "./journal.ts";
import { Journal } from "./journal.ts";

/** Pause between two attempts to rewrite the journal, which takes long with many lines: milliseconds. */
const pauseInTrouble = 1000;

/** Lines that wait for a disk that hangs. Of more, the journal is rewritten when it answers. */
const mostWaiting = 10_000;

/** All lines of a new file. */
export interface JournalSnapshot {
  readonly lines: readonly unknown[];
  /** Called when the file has them. */
  readonly onWritten: () => void;
}

export interface JournalWriterParts {
  readonly path: string;
  readonly clock: Clock;
  readonly disk: Disk;
  /** Returns the first line of each new file: other lines mean nothing without. */
  readonly start: () => unknown;
  /** Returns what the whole journal is to hold now, after `start`. */
  readonly snapshot: () => JournalSnapshot;
  /** Trouble begins. */
  readonly onTrouble: (error: KnockError) => void;
}

/**
 * Writes a journal off the main thread, one step at a time:
 *
 *     load → (restart) → rewrite → append → append → … → rewrite when long → …
 *
 * Commits go on beside appends: a line must not wait in this process for those before it to be durable,
 * since it would be lost with the process. Nor does a commit wait for lines that come after it, which
 * need never end. A step that takes longer than 2 s has failed until it ends; then the steps go on where they were. After
 * a step that failed, the journal is rewritten as soon as it can be, at a line or at the end. What could
 * not be loaded is not written either: another daemon may have it by then.
 */
export class JournalWriter {
  readonly #parts: JournalWriterParts;
  /** `undefined` until it is open. */
  #journal: Journal<unknown> | undefined;
  #trouble: string | undefined;
  /** In trouble, when to try again. */
  #tryAt = longAgo;
  #isRestarted = false;
  /** Whether the file has `start`. */
  #isBegun = false;
  /** Whether the file lacks more than `#lines`. */
  #isStale = true;
  #lines: unknown[] = [];
  /** Those who wait for their lines to be written, then for the next commit, and for the one under way. */
  #waiting: ((isDurable: boolean) => void)[] = [];
  #written: ((isDurable: boolean) => void)[] = [];
  #committing: ((isDurable: boolean) => void)[] = [];
  #isWorking = false;
  /** Resolves when no step is under way. */
  #worked: Promise<void> = Promise.resolve();
  #isCommitting = false;
  #committed: Promise<void> = Promise.resolve();
  /** How many steps under way take too long. */
  #late = 0;
  /** Whether nothing will be written any more. */
  #isDead = false;

  constructor(parts: JournalWriterParts) {
    this.#parts = parts;
  }

  /** Why nothing can be written; undefined while writing works. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Reads the file once `prepare` has resolved, hands over its contents, and opens it. Resolves to true
   * when that has ended, to false if the disk hangs first. Rejects as `prepare` does, unless the disk
   * hangs first.
   */
  load(
    prepare: () => Promise<void>,
    onRead: (contents: JournalContents) => void,
  ): Promise<boolean> {
    const { path, disk } = this.#parts;
    this.#isWorking = true;
    return new Promise((resolve, reject) => {
      const load = async () => {
        try {
          await prepare();
        } catch (error) {
          if (this.#late > 0) throw error;
          reject(error);
          return;
        }
        const contents = await Journal.read(path, disk);
        onRead(contents);
        this.#journal = await Journal.open(path, contents, disk);
      };
      this.#worked = this.#perform("use", load, () => resolve(false)).then(() => {
        this.#isDead ||= this.#journal === undefined;
        this.#isWorking = false;
        resolve(true);
        this.#work();
      });
    });
  }

  /** Begins to write: rewrites the file first. On a full disk it continues the old one. */
  restart(): void {
    this.#isRestarted = true;
    this.#isStale = true;
    this.#work();
  }

  append(line: unknown): void {
    if (this.#isDead) return;
    this.#lines.push(line);
    if (this.#lines.length > mostWaiting) this.#isStale = true;
    // A snapshot replaces them.
    if (this.#isStale && (this.#isBegun || this.#lines.length > mostWaiting)) this.#lines = [];
    this.#work();
  }

  /** Resolves when all lines so far are durable; to false if that failed. Concurrent calls share one sync. */
  commit(): Promise<boolean> {
    const isFailing = this.#late > 0 || this.#parts.clock.now() < this.#tryAt;
    if (this.#isDead || isFailing) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#work();
    });
  }

  /** Tries once more now if there is trouble, unless the disk hangs. Resolves when that has ended. */
  async retry(): Promise<void> {
    if (this.#trouble === undefined) return;
    this.#tryAt = longAgo;
    await this.commit();
  }

  /** Closes the file after these lines. Resolves to false if it lacks anything that was to be written. */
  async close(lines: () => readonly unknown[]): Promise<boolean> {
    let isComplete = this.#late === 0;
    if (this.#isRestarted) {
      await this.retry();
      this.#lines.push(...lines());
      isComplete = await this.commit();
    }
    this.#isDead = true;
    if (this.#late === 0) {
      await Promise.all([this.#worked, this.#committed]);
      await this.#journal?.close();
    }
    return isComplete;
  }

  /** Takes the steps that are to be taken, one after another. */
  #work(): void {
    if (this.#isWorking || !this.#isRestarted) return;
    this.#isWorking = true;
    this.#worked = this.#takeSteps();
  }

  async #takeSteps(): Promise<void> {
    for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) await step;
    this.#isWorking = false;
  }

  /** Begins the next step, if there is one. */
  #nextStep(): Promise<void> | undefined {
    const journal = this.#journal;
    const isFailing = this.#late > 0 || this.#parts.clock.now() < this.#tryAt;
    if (journal === undefined || isFailing || (this.#isStale && this.#isCommitting))
      return undefined;
    if (this.#isStale) {
      this.#written.push(...this.#waiting.splice(0));
      return this.#perform("rewrite", () => this.#rewrite(journal));
    }
    if (this.#lines.length === 0) this.#written.push(...this.#waiting.splice(0));
    if (!this.#isCommitting && this.#written.length > 0) this.#committed = this.#commit(journal);
    if (this.#lines.length > 0) {
      this.#written.push(...this.#waiting.splice(0));
      const lines = this.#takeLines();
      return this.#perform("write to", () => journal.append(lines));
    }
    if (this.#isCommitting || !journal.isLong) return undefined;
    return this.#perform("rewrite", () => this.#shorten(journal));
  }

  /** Runs a step, for which the disk has 2 s. */
  async #perform(what: string, step: () => Promise<void>, onLate = () => {}): Promise<void> {
    const { clock, path } = this.#parts;
    let late = 0;
    const cancel = whenLate(() => {
      late = 1;
      this.#late++;
      const message = `cannot ${what} the journal ${path}: ${new LateDiskError().message}`;
      this.#complain(new KnockError("SYSTEM", message));
      onLate();
    }, clock);
    try {
      await track(step());
    } catch (error) {
      this.#isStale = true;
      this.#tryAt = later(clock.now(), pauseInTrouble);
      this.#complain(error);
    }
    cancel();
    this.#late -= late;
    if (this.#late === 0 && clock.now() >= this.#tryAt) this.#trouble = undefined;
  }

  #takeLines(): readonly unknown[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Makes the lines so far durable, beside lines that are appended meanwhile. */
  async #commit(journal: Journal<unknown>): Promise<void> {
    this.#isCommitting = true;
    this.#committing = this.#written;
    this.#written = [];
    await this.#perform("commit", async () => {
      await journal.commit();
      for (const resolve of this.#committing.splice(0)) resolve(true);
    });
    this.#isCommitting = false;
    this.#work();
  }

  async #rewrite(journal: Journal<unknown>): Promise<void> {
    const { snapshot } = this.#parts;
    const start = this.#parts.start();
    const lines = this.#takeLines();
    this.#isStale = false;
    const { lines: all, onWritten } = snapshot();
    try {
      await journal.rewrite([start, ...all]);
      onWritten();
    } catch (error) {
      if (this.#isBegun) throw error;
      this.#lines = [...lines, ...this.#lines];
      if (!isFull(error)) throw error;
      await journal.append([start, ...this.#takeLines()]);
    }
    this.#isBegun = true;
  }

  /** Rewrites a long journal. If that fails, there is room left until the next attempt. */
  async #shorten(journal: Journal<unknown>): Promise<void> {
    try {
      await this.#rewrite(journal);
    } catch {
      // A full disk is trouble when that room is used up.
    }
  }

  /** Tells those who wait for the disk that it failed. */
  #complain(error: unknown): void {
    if (!(error instanceof KnockError)) throw error;
    if (this.#trouble === undefined) this.#parts.onTrouble(error);
    this.#trouble = error.message;
    const failed = [this.#committing, this.#written, this.#waiting].flatMap((all) => all.splice(0));
    for (const resolve of failed) resolve(false);
  }
}

/** Returns whether there is no room for another file: this one still has its reserve. */
function isFull(error: unknown): boolean {
  if (!(error instanceof KnockError)) return false;
  return isErrno(error.cause, "ENOSPC") || isErrno(error.cause, "EDQUOT");
}
