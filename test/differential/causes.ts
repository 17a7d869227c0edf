import type { Batch, BatchOpening } from "./batch.ts";
import { sameOpening } from "./batch.ts";
import type { Shortcoming } from "./original.ts";
import { play, shortcomings } from "./original.ts";

const all = Object.keys(shortcomings) as Shortcoming[];

/** Every set of shortcomings, the small ones first. */
const sets = Array.from({ length: 2 ** all.length }, (_, bits) =>
  all.filter((_, i) => bits & (1 << i)),
).sort((a, b) => a.length - b.length);

/** Says why knockd kept doors shut, in one batch. */
export class Causes {
  readonly #batch: Batch;
  readonly #played = new Map<readonly Shortcoming[], readonly BatchOpening[]>();

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  /** What the model opens once these are cured. */
  openings(cured: readonly Shortcoming[]): readonly BatchOpening[] {
    const known = this.#played.get(cured);
    const openings = known ?? play(this.#batch, cured);
    this.#played.set(cured, openings);
    return openings;
  }

  /** The fewest shortcomings without which knockd had opened here, too; undefined if none explain it. */
  of(opening: BatchOpening): readonly Shortcoming[] | undefined {
    return sets.find((set) => this.openings(set).some((other) => sameOpening(opening, other)));
  }
}

export const everyShortcoming: readonly Shortcoming[] = all;
