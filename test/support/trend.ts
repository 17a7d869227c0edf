/** One measurement: when (in any unit), and how much. */
export type Point = readonly [time: number, value: number];

/**
 * How much `points` grow from the first to the last: the median of the slopes between all pairs
 * (Theil and Sen), which outliers up to a quarter of them do not move, times the time between.
 */
export function growth(points: readonly Point[]): number {
  const slopes = points.flatMap(([time, value], i) =>
    points.slice(i + 1).map(([later, other]) => (other - value) / (later - time)),
  );
  const first = points[0]?.[0] ?? 0;
  return slopes.length === 0 ? 0 : median(slopes) * ((points.at(-1)?.[0] ?? first) - first);
}

/** The one in the middle; the upper one of two. Of nothing: NaN. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
