/** The end of a task: it ran, too many waited already, or a newer one took its place. */
export type TaskResult = "ended" | "refused" | "replaced";

interface WaitingTask {
  readonly task: () => Promise<void>;
  readonly settle: (result: TaskResult | Promise<TaskResult>) => void;
}

/**
 * Runs a limited number of tasks at once, and queues the others. The queue holds one task for each key:
 * a newer task replaces an older one.
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

  /** How many tasks run or wait. */
  get size(): number {
    return this.#running + this.#waiting.size;
  }

  /** Runs the task now or when a slot is free. Resolves at its end, or when it will never run. */
  run(key: string, task: () => Promise<void>): Promise<TaskResult> {
    if (this.#running < this.#most) return this.#start(task);
    const older = this.#waiting.get(key);
    if (older === undefined && this.#waiting.size >= this.#mostWaiting) {
      return Promise.resolve("refused");
    }
    older?.settle("replaced");
    return new Promise((settle) => this.#waiting.set(key, { task, settle }));
  }

  /** Starts all tasks that wait, beyond the limit. */
  runAllNow(): void {
    while (this.#waiting.size > 0) this.#startNext();
  }

  /** Resolves when no task runs or waits. */
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
