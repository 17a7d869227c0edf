/** Cuts a stream of bytes into lines, and gives up on one that is too long. */
export class Lines {
  readonly #longest: number;
  /** The line that has begun, and room for more of it. Chunks are not kept: each may hold much memory. */
  #bytes = new Uint8Array();
  #length = 0;
  #isTooLong = false;

  /** `longest`: bytes a line may have, its end not counted. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Bytes have come that are no whole line yet. */
  get isPartial(): boolean {
    return this.#length > 0;
  }

  /** There was a line that is too long; nothing after it is read. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** The lines that end in `chunk`, without their ends. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let rest = chunk;
    while (!this.#isTooLong) {
      const end = rest.indexOf(0x0a);
      const part = end < 0 ? rest : rest.subarray(0, end);
      this.#isTooLong = this.#length + part.length > this.#longest;
      if (this.#isTooLong || rest.length === 0) break;
      this.#add(part);
      if (end < 0) break;
      const line = this.#bytes.subarray(0, this.#length);
      this.#bytes = new Uint8Array();
      this.#length = 0;
      rest = rest.subarray(end + 1);
      yield line;
    }
  }

  #add(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }
}
