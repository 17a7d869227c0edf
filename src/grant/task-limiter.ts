/** What became of a task: it has ended, too many waited already, or a newer one took its place. */
export type TaskResult = "ended" | "refused" | "replaced";

interface WaitingTask {
  readonly task: () => Promise<void>;
  readonly settle: (fate: TaskResult | Promise<TaskResult>) => void;
}

/**
 * Lets a number of tasks run at once; the others wait their turn. Of those that wait there is one
 * for each key: a newer task takes the place of the older.
 */
export class TaskLimiter {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Map<string, WaitingTask>();
  #running = 0;
  #whenIdle: (() => void)[] = [];

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** Tasks that run or wait. */
  get size(): number {
    return this.#running + this.#waiting.size;
  }

  /** Runs the task now, later or never. Fulfilled when that is settled. */
  run(key: string, task: () => Promise<void>): Promise<TaskResult> {
    if (this.#running < this.#most) return this.#start(task);
    const older = this.#waiting.get(key);
    if (older === undefined && this.#waiting.size >= this.#mostWaiting) {
      return Promise.resolve("refused");
    }
    older?.settle("replaced");
    return new Promise((settle) => this.#waiting.set(key, { task, settle }));
  }

  /** Runs all that wait now, however many those are. */
  runAllNow(): void {
    while (this.#waiting.size > 0) this.#startNext();
  }

  /** Fulfilled as soon as nothing runs or waits. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  async #start(task: () => Promise<void>): Promise<TaskResult> {
    this.#running++;
    try {
      await task();
      return "ended";
    } finally {
      this.#running--;
      this.#startNext();
      if (this.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }

  #startNext(): void {
    for (const [key, { task, settle }] of this.#waiting) {
      this.#waiting.delete(key);
      settle(this.#start(task));
      return;
    }
  }
}
