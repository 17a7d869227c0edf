/** What a list of figures comes to. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly least: number;
  readonly most: number;
  /** The middle half lies between these. */
  readonly quartiles: readonly [number, number];
}

export function summarize(figures: readonly number[]): Summary | undefined {
  const [least] = figures;
  if (least === undefined) return undefined;
  return {
    count: figures.length,
    median: quantile(figures, 0.5),
    p99: quantile(figures, 0.99),
    least: Math.min(...figures),
    most: Math.max(...figures),
    quartiles: [quantile(figures, 0.25), quantile(figures, 0.75)],
  };
}

/** The value that the share `q` of the figures does not exceed, by linear interpolation; NaN without figures. */
export function quantile(figures: readonly number[], q: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** A figure with three significant digits at most, as people write it; "–" if there is none. */
export function figure(value: number | undefined, unit = ""): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const digits =
    Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  const text = Number(value.toFixed(digits)).toLocaleString("en-US", { maximumFractionDigits: 3 });
  return unit === "" ? text : `${text} ${unit}`;
}

/** Median, and in brackets the least and the most. */
export function spread(figures: readonly number[], unit = ""): string {
  const summary = summarize(figures);
  if (summary === undefined) return "–";
  const { median: middle, least, most } = summary;
  return `${figure(middle, unit)} (${figure(least)}..${figure(most)})`;
}

/** How many times `small` goes into `large`, as `12.3x`. */
export function times(large: number | undefined, small: number | undefined): string {
  if (large === undefined || small === undefined || !(small > 0) || Number.isNaN(large)) return "–";
  return `${figure(large / small)}x`;
}
