/** No slot. Slots are numbered from 1, so that new memory, which is all zeros, means empty lists. */
export const NIL = 0;

/**
 * Intrusive doubly linked lists of slots. A slot is in at most one list, and the caller knows in which. All
 * operations take constant time. The links are two words of the slot's record, so that touching a slot
 * costs one cache line.
 */
export class SlotLists {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #records: Int32Array;
  readonly #words: number;
  readonly #field: number;

  /** `records`: `words` words a slot, of which the two from `field` on hold the links. */
  constructor(lists: number, records: Int32Array, words: number, field: number) {
    this.#first = new Int32Array(lists);
    this.#last = new Int32Array(lists);
    this.#records = records;
    this.#words = words;
    this.#field = field;
  }

  /** Returns the oldest slot of the list, or NIL. */
  first(list: number): number {
    return this.#first[list] ?? NIL;
  }

  /** Returns the slot after this one in its list, or NIL. */
  after(slot: number): number {
    return this.#records[this.#at(slot) + 1] ?? NIL;
  }

  /** Appends a slot, which must not be in a list. */
  append(list: number, slot: number): void {
    const last = this.#last[list] ?? NIL;
    const at = this.#at(slot);
    this.#records[at] = last;
    this.#records[at + 1] = NIL;
    this.#last[list] = slot;
    if (last === NIL) this.#first[list] = slot;
    else this.#records[this.#at(last) + 1] = slot;
  }

  /** Removes a slot from the list that it is in. */
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
