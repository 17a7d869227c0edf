import { isAtOrBefore } from "./board.ts";

/** Entries of the log that were read together: after `from`, up to `to`. */
export type LogRange = readonly [from: string, to: string];

/** Ranges that a heartbeat has room for. */
const mostRanges = 16;

/** The parts of the log whose closings have begun here and have not ended. */
export class UnfinishedClosings {
  readonly #ranges = new Set<LogRange>();

  /** What to tell: too many become one that spans them. */
  get ranges(): readonly LogRange[] {
    const ranges = [...this.#ranges];
    if (ranges.length <= mostRanges) return ranges;
    const [first = ranges[0], last] = [ranges[mostRanges - 1], ranges.at(-1)];
    if (first === undefined || last === undefined) return ranges;
    return [...ranges.slice(0, mostRanges - 1), [first[0], last[1]]];
  }

  /** Takes note of closings that `range` told of. They have ended when `work` resolves; resolves then. */
  async add(range: LogRange, work: PromiseLike<unknown>): Promise<void> {
    this.#ranges.add(range);
    await work;
    this.#ranges.delete(range);
  }
}

/** Returns whether a gateway that has read up to `read` has ended what the entry `id` closed. */
export function hasEnded(id: string, read: string, unfinished: readonly LogRange[]): boolean {
  return (
    isAtOrBefore(id, read) &&
    !unfinished.some(([from, to]) => !isAtOrBefore(id, from) && isAtOrBefore(id, to))
  );
}
