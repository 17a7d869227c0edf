/** Chance that can be repeated: the same seed words give the same numbers (Mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(...seed: readonly number[]) {
    this.#state = 0x9e3779b9;
    for (const word of seed) this.#state = (this.#next() ^ word) | 0;
  }

  /** A whole number from `least` to `most`. */
  from(least: number, most: number): number {
    return least + Math.floor((this.#next() / 2 ** 32) * (most - least + 1));
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.from(1, 100) <= share;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.from(0, items.length - 1)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** An array of what `make` returns. */
  several<T>(least: number, most: number, make: (i: number) => T): T[] {
    return Array.from({ length: this.from(least, most) }, (_, i) => make(i));
  }

  /** One of the lists' orders that keeps the order within each list. */
  interleave<T>(lists: readonly (readonly T[])[]): T[] {
    const rest = lists.map((list) => [...list]);
    const merged: T[] = [];
    for (;;) {
      const left = rest.filter((list) => list.length > 0);
      if (left.length === 0) return merged;
      merged.push(...this.pick(left).splice(0, 1));
    }
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
