/**
 * Reads big-endian fields within bounds. A read outside returns 0 and sets `ok` to false for good, so that the
 * caller checks once, at the end.
 */
export class Reader {
  #data: DataView;
  #at: number;
  #end: number;
  #ok = true;

  /** Reads `length` bytes of `data` from `start` on, or as many as there are. */
  constructor(data: DataView, start: number, length: number) {
    this.#data = data;
    this.#at = start;
    this.#end = Math.min(start + length, data.byteLength);
  }

  get ok(): boolean {
    return this.#ok;
  }

  /** The number of bytes left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Where the next field is in the data. */
  get at(): number {
    return this.#at;
  }

  u8(): number {
    return this.#take(1) ? this.#data.getUint8(this.#at - 1) : 0;
  }

  u16(): number {
    return this.#take(2) ? this.#data.getUint16(this.#at - 2) : 0;
  }

  u32(): number {
    return this.#take(4) ? this.#data.getUint32(this.#at - 4) : 0;
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Drops all but the next `length` bytes: the rest does not belong to the packet. */
  limit(length: number): void {
    this.#end = Math.min(this.#end, this.#at + Math.max(0, length));
  }

  #take(length: number): boolean {
    if (length < 0 || length > this.#end - this.#at) this.#ok = false;
    else if (this.#ok) this.#at += length;
    return this.#ok;
  }
}
