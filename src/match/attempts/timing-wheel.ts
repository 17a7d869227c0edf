import { NIL, SlotLists } from "./slot-lists.ts";

/** The resolution of due times: milliseconds. */
const tick = 64;

/** The wheel turns once in 65 s; slots that are due later stay for another turn. A power of two. */
const bucketCount = 1024;

/** Finds the slots that are due. Adding and removing a slot takes constant time. */
export class TimingWheel {
  readonly #buckets: SlotLists;
  readonly #doubles: Float64Array;
  readonly #words: number;
  readonly #field: number;
  /** The last tick whose slots were taken. */
  #done = -1;
  #size = 0;
  #next: number | undefined;

  /**
   * `memory`: records of `words` words of 4 bytes a slot. The four words from `field` on hold the tick at
   * which the slot is due, as a double, and the links of `SlotLists`. Both numbers must be even.
   */
  constructor(memory: ArrayBufferLike, words: number, field: number) {
    this.#buckets = new SlotLists(bucketCount, new Int32Array(memory), words, field + 2);
    this.#doubles = new Float64Array(memory);
    this.#words = words;
    this.#field = field;
  }

  /** When to call `expire` next: milliseconds; `undefined` while the wheel is empty. */
  get next(): number | undefined {
    return this.#next;
  }

  /** Adds a slot, which must not be in the wheel. It is due at `due` (milliseconds) or up to a tick later. */
  add(slot: number, due: number): void {
    this.#size++;
    const at = Math.max(Math.ceil(due / tick), this.#done + 1);
    this.#doubles[this.#at(slot)] = at;
    this.#buckets.append(at & (bucketCount - 1), slot);
    if (this.#next === undefined || at * tick < this.#next) this.#next = at * tick;
  }

  /** Removes a slot that is in the wheel. */
  remove(slot: number): void {
    this.#buckets.remove(this.#tickOf(slot) & (bucketCount - 1), slot);
    if (--this.#size === 0) this.#next = undefined;
  }

  /**
   * Removes at most `most` slots that are due, and passes each to `take`, which must not change the wheel. If
   * there are more, `next` is not later than `now`.
   */
  expire(now: number, take: (slot: number) => void, most: number): void {
    const last = Math.floor(now / tick);
    // After a whole turn without a call, looking at each bucket once is enough.
    let at = Math.max(this.#done + 1, last - bucketCount + 1);
    for (let left = most; at <= last; at++) {
      left -= this.#expireBucket(at & (bucketCount - 1), last, take, left);
      if (left === 0) break;
    }
    this.#done = Math.max(this.#done, at - 1);
    this.#next = this.#size === 0 ? undefined : this.#nextOccupied();
  }

  /** Returns how many slots it removed: `most`, if there may be more. */
  #expireBucket(bucket: number, last: number, take: (slot: number) => void, most: number): number {
    let taken = 0;
    for (let slot = this.#buckets.first(bucket); slot !== NIL && taken < most; ) {
      const after = this.#buckets.after(slot);
      if (this.#tickOf(slot) <= last) {
        this.remove(slot);
        take(slot);
        taken++;
      }
      slot = after;
    }
    return taken;
  }

  /** Returns when the next bucket that is not empty comes up: its slots are due then, or a turn later. */
  #nextOccupied(): number {
    let at = this.#done + 1;
    while (at < this.#done + bucketCount && this.#buckets.first(at & (bucketCount - 1)) === NIL)
      at++;
    return at * tick;
  }

  #tickOf(slot: number): number {
    return this.#doubles[this.#at(slot)] ?? 0;
  }

  #at(slot: number): number {
    return (slot * this.#words + this.#field) >> 1;
  }
}
