/**
 * Lets a number of tasks run at once; the others wait their turn. Of those that wait there is one
 * for each key: a newer task takes the place of the older.
 */
export class Slots {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Map<string, () => Promise<void>>();
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

  /** Runs the task now or later. False if too many are waiting already: then it never runs. */
  run(key: string, task: () => Promise<void>): boolean {
    if (this.#running < this.#most) {
      this.#start(task);
      return true;
    }
    if (!this.#waiting.has(key) && this.#waiting.size >= this.#mostWaiting) return false;
    this.#waiting.set(key, task);
    return true;
  }

  /** Fulfilled as soon as nothing runs or waits. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #start(task: () => Promise<void>): void {
    this.#running++;
    void task().finally(() => {
      this.#running--;
      this.#startNext();
      if (this.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
  }

  #startNext(): void {
    for (const [key, next] of this.#waiting) {
      this.#waiting.delete(key);
      this.#start(next);
      return;
    }
  }
}
