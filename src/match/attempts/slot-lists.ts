/** No slot: slots are numbered from 1, so that fresh memory, which is all zeros, means empty lists. */
export const NIL = 0;

/**
 * Doubly linked lists of slots, without an object a slot: each slot is in one list or in none, and
 * whoever asks knows in which. All operations take constant time. The links themselves are two
 * words of the slot's record, which has more in it: a slot that is touched costs one cache line.
 */
export class SlotLists {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #records: Int32Array;
  readonly #words: number;
  readonly #field: number;

  /** `records`: of `words` words a slot; those at `field` and after it are ours. */
  constructor(lists: number, records: Int32Array, words: number, field: number) {
    this.#first = new Int32Array(lists);
    this.#last = new Int32Array(lists);
    this.#records = records;
    this.#words = words;
    this.#field = field;
  }

  /** The slot that has been in the list for the longest, or none. */
  first(list: number): number {
    return this.#first[list] ?? NIL;
  }

  /** The slot after this one in its list, or none. */
  after(slot: number): number {
    return this.#records[this.#at(slot) + 1] ?? NIL;
  }

  /** Puts the slot, which is in no list, at the end of this one. */
  append(list: number, slot: number): void {
    const last = this.#last[list] ?? NIL;
    const at = this.#at(slot);
    this.#records[at] = last;
    this.#records[at + 1] = NIL;
    this.#last[list] = slot;
    if (last === NIL) this.#first[list] = slot;
    else this.#records[this.#at(last) + 1] = slot;
  }

  /** Takes the slot out of this list, in which it is. */
  remove(list: number, slot: number): void {
    const at = this.#at(slot);
    const before = this.#records[at] ?? NIL;
    const after = this.#records[at + 1] ?? NIL;
    if (before === NIL) this.#first[list] = after;
    else this.#records[this.#at(before) + 1] = after;
    if (after === NIL) this.#last[list] = before;
    else this.#records[this.#at(after)] = before;
  }

  #at(slot: number): number {
    return slot * this.#words + this.#field;
  }
}
