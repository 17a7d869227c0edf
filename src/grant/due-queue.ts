/**
 * What is due when, earliest first: a binary heap. An item whose time has changed is added again;
 * the caller tells which of its entries still count.
 */
export class DueQueue<Item> {
  readonly #heap: { readonly item: Item; readonly due: number }[] = [];

  add(item: Item, due: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push({ item, due });
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#dueAt(parent) <= due) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The earliest time of all entries that count; undefined if there is none. */
  first(counts: (item: Item, due: number) => boolean): number | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (counts(top.item, top.due)) return top.due;
      this.#removeFirst();
    }
    return undefined;
  }

  /** Takes out the items of all entries that count and are due, in the order of their time. */
  takeUntil(now: number, counts: (item: Item, due: number) => boolean): Item[] {
    const taken: Item[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.due <= now; top = this.#heap[0]) {
      if (counts(top.item, top.due)) taken.push(top.item);
      this.#removeFirst();
    }
    return taken;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    heap.pop();
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#dueAt(left + 1) < this.#dueAt(left) ? left + 1 : left;
      if (this.#dueAt(least) >= this.#dueAt(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #dueAt(at: number): number {
    return this.#heap[at]?.due ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
