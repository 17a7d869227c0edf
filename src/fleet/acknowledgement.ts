import { BoardError } from "./board.ts";

/** Says at once how far this gateway is: a closing is waited for. */
export class Acknowledgement {
  readonly #tell: () => Promise<void>;
  #isTelling = false;
  #mustTell = false;

  /** `tell`: says it to the board. May throw a `BoardError`. */
  constructor(tell: () => Promise<void>) {
    this.#tell = tell;
  }

  /** Says it, and once more if that is asked for meanwhile. */
  async give(): Promise<void> {
    this.#mustTell = true;
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      while (this.#mustTell) {
        this.#mustTell = false;
        await this.#tell();
      }
    } catch (thrown) {
      // The next heartbeat says it, or the next board.
      if (!(thrown instanceof BoardError)) throw thrown;
    } finally {
      this.#isTelling = false;
    }
  }
}
