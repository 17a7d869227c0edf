import { NIL, SlotLists } from "./slot-lists.ts";

/** How exactly a slot's time is kept: milliseconds. */
const tick = 64;

/** The wheel turns once in 65 s; what is due later stays for another turn. A power of two. */
const buckets = 1024;

/** Tells which slots are due: a timing wheel, so that a million of them cost no more than ten. */
export class TimingWheel {
  readonly #spokes: SlotLists;
  readonly #doubles: Float64Array;
  readonly #words: number;
  readonly #field: number;
  /** The last tick whose slots were taken. */
  #done = -1;
  #size = 0;
  #next: number | undefined;

  /**
   * `memory`: records of `words` words of 4 bytes a slot (an even number); the four from `field` (even)
   * on are ours: the tick at which the slot is due, as a double, and links (see `Links`).
   */
  constructor(memory: ArrayBuffer, words: number, field: number) {
    this.#spokes = new SlotLists(buckets, new Int32Array(memory), words, field + 2);
    this.#doubles = new Float64Array(memory);
    this.#words = words;
    this.#field = field;
  }

  /** When to call `expire` next: milliseconds; undefined while nothing is ever due. */
  get next(): number | undefined {
    return this.#next;
  }

  /** The slot, which is not in the wheel, becomes due at `due` (milliseconds) or up to a tick later. */
  add(slot: number, due: number): void {
    this.#size++;
    const at = Math.max(Math.ceil(due / tick), this.#done + 1);
    this.#doubles[this.#at(slot)] = at;
    this.#spokes.append(at & (buckets - 1), slot);
    if (this.#next === undefined || at * tick < this.#next) this.#next = at * tick;
  }

  /** The slot, which is in the wheel, leaves it. */
  remove(slot: number): void {
    this.#spokes.remove(this.#tickOf(slot) & (buckets - 1), slot);
    if (--this.#size === 0) this.#next = undefined;
  }

  /**
   * Takes out the slots that are due, at most so many, and hands each to `take`, which must not change
   * the wheel. `next` is not later than `now` if there are more.
   */
  expire(now: number, take: (slot: number) => void, most: number): void {
    const last = Math.floor(now / tick);
    // After a turn without a call every spoke is looked at once, and that is enough.
    let at = Math.max(this.#done + 1, last - buckets + 1);
    for (let left = most; at <= last; at++) {
      left -= this.#expireSpoke(at & (buckets - 1), last, take, left);
      if (left === 0) break;
    }
    this.#done = Math.max(this.#done, at - 1);
    this.#next = this.#size === 0 ? undefined : this.#nextOccupied();
  }

  /** How many it took: `most`, if there may be more. */
  #expireSpoke(spoke: number, last: number, take: (slot: number) => void, most: number): number {
    let taken = 0;
    for (let slot = this.#spokes.first(spoke); slot !== NIL && taken < most; ) {
      const after = this.#spokes.after(slot);
      if (this.#tickOf(slot) <= last) {
        this.remove(slot);
        take(slot);
        taken++;
      }
      slot = after;
    }
    return taken;
  }

  /** When the next spoke that is not empty comes up: its slots are due then, or a turn later. */
  #nextOccupied(): number {
    let at = this.#done + 1;
    while (at < this.#done + buckets && this.#spokes.first(at & (buckets - 1)) === NIL) at++;
    return at * tick;
  }

  #tickOf(slot: number): number {
    return this.#doubles[this.#at(slot)] ?? 0;
  }

  #at(slot: number): number {
    return (slot * this.#words + this.#field) >> 1;
  }
}
