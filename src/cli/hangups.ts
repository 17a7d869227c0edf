/**
 * The SIGHUP of this process, from the moment this is made: before `listen`, a signal waits instead of
 * ending the process. Several that wait are one.
 */
export class Hangups {
  #waits = false;
  #listener = (): void => {
    this.#waits = true;
  };

  constructor() {
    process.on("SIGHUP", () => this.#listener());
  }

  /** Calls `listener` at each SIGHUP, and at once if one waits. */
  listen(listener: () => void): void {
    this.#listener = listener;
    if (this.#waits) listener();
    this.#waits = false;
  }
}
