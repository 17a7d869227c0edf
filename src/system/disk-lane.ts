import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { TaskSequence } from "../base/task-sequence.ts";
import { inTime, LateDiskError, track } from "./disk.ts";

/**
 * Operations on one disk, one at a time and off the main thread. One that hangs holds up the others,
 * which fail, and not Node's few threads.
 */
export class DiskLane {
  readonly #tasks = new TaskSequence();
  readonly #clock: Clock;
  #isHung = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** An operation hangs: all others fail at once until it ends. */
  get isHung(): boolean {
    return this.#isHung;
  }

  /**
   * Resolves as `operation` does, which runs after those before it. Rejects if the disk takes too long:
   * then the operation does not begin any more, or its signal is aborted.
   */
  async run<T>(operation: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#isHung) throw new LateDiskError();
    const abort = new AbortController();
    const result = this.#tasks.run(() => {
      abort.signal.throwIfAborted();
      return operation(abort.signal);
    });
    result.catch(() => {});
    try {
      return await inTime(result, this.#clock);
    } catch (error) {
      if (error instanceof LateDiskError) {
        abort.abort(error);
        this.#hang();
      }
      throw error;
    }
  }

  /** Runs `operation` after those before it, however long they take. Resolves as it does. */
  runLater<T>(operation: () => Promise<T>): Promise<T> {
    return track(this.#tasks.run(operation));
  }

  /** Resolves when all operations so far have ended. */
  async idle(): Promise<void> {
    await this.#tasks.run(async () => {});
  }

  #hang(): void {
    if (this.#isHung) return;
    this.#isHung = true;
    void this.idle().then(() => {
      this.#isHung = false;
    });
  }
}
