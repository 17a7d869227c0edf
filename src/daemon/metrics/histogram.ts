/** How often something took how long: counts by upper bounds, as Prometheus adds them up. */
export class Histogram {
  /** Seconds, ascending. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    let at = 0;
    while (seconds > (this.bounds[at] ?? Number.POSITIVE_INFINITY)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** Of all that was observed: seconds. */
  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** How many took no longer than each bound. */
  get cumulative(): readonly number[] {
    let sum = 0;
    return this.bounds.map((_, i) => {
      sum += this.#counts[i] ?? 0;
      return sum;
    });
  }
}
