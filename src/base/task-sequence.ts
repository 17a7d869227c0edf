/** Runs tasks one after another, in the order in which they came. */
export class TaskSequence {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` once all before it have ended, however they did. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
