// Reads Prometheus' text format 0.0.4 as strictly as it is described.

/** A family: its type, its help, and its samples by their name and labels, as they are written. */
interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: Map<string, number>;
}

/** What one answer of /metrics says. */
export interface Exposition {
  readonly families: ReadonlyMap<string, ParsedFamily>;
  /** The value of `name{label="value"}`, as it is written; fails if it is not there. */
  value(sample: string): number;
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const head = new RegExp(`^# (HELP|TYPE) (${name}) (.+)$`);
const line = new RegExp(
  `^(${name})(\\{${label}(?:,${label})*\\})? (-?[0-9.]+(?:e[+-]?\\d+)?|NaN)$`,
);

/** Reads a whole answer. Throws at the first line that is not as it should be. */
export function readExposition(text: string): Exposition {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, ParsedFamily>();
  const all = new Map<string, number>();
  const lines = text.slice(0, -1).split("\n");
  for (let i = 0; i < lines.length; ) {
    const [, first, family = "", help = ""] = head.exec(lines[i] ?? "") ?? [];
    const [, second, again, type = ""] = head.exec(lines[i + 1] ?? "") ?? [];
    if (first !== "HELP" || second !== "TYPE" || family !== again) {
      throw new Error(`neither HELP nor TYPE of a family: ${lines[i]}`);
    }
    if (families.has(family)) throw new Error(`${family} comes twice`);
    const samples = new Map<string, number>();
    families.set(family, { type, help, samples });
    for (i += 2; i < lines.length && !lines[i]?.startsWith("#"); i++) {
      const [, own, labels = "", value] = line.exec(lines[i] ?? "") ?? [];
      if (own === undefined) throw new Error(`not a sample: ${lines[i]}`);
      const suffix = type === "histogram" ? own.slice(family.length) : "";
      if (own !== family + suffix || !["", "_bucket", "_sum", "_count"].includes(suffix)) {
        throw new Error(`${own} is not of ${family}`);
      }
      if (all.has(own + labels)) throw new Error(`${own}${labels} comes twice`);
      samples.set(own + labels, Number(value));
      all.set(own + labels, Number(value));
    }
    checkFamily(family, type, samples);
  }
  return {
    families,
    value(sample) {
      const value = all.get(sample);
      if (value === undefined) throw new Error(`there is no ${sample}`);
      return value;
    },
  };
}

function checkFamily(family: string, type: string, samples: ReadonlyMap<string, number>): void {
  if (!["counter", "gauge", "histogram"].includes(type)) throw new Error(`${family} is a ${type}`);
  if (type === "counter" && !family.endsWith("_total")) throw new Error(`${family} is no _total`);
  if (type === "gauge" && family.endsWith("_total")) throw new Error(`${family} is a _total`);
  if (type === "histogram") checkHistogram(family, samples);
}

/** Buckets ascend, add up, and end in +Inf, which is the count. */
function checkHistogram(family: string, samples: ReadonlyMap<string, number>): void {
  const buckets = new Map<string, { bound: number; value: number }[]>();
  for (const [sample, value] of samples) {
    const [, before = "", le] = /^[^{]*_bucket\{(.*?),?le="([^"]+)"\}$/.exec(sample) ?? [];
    if (le === undefined) continue;
    const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
    const whose = before === "" ? "" : `{${before}}`;
    buckets.set(whose, [...(buckets.get(whose) ?? []), { bound, value }]);
  }
  if (buckets.size === 0) throw new Error(`${family} has no buckets`);
  for (const [labels, series] of buckets) {
    const bad = series.some(({ bound, value }, i) => {
      const { bound: lower = Number.NEGATIVE_INFINITY, value: less = 0 } = series[i - 1] ?? {};
      return !(bound > lower && value >= less);
    });
    const last = series.at(-1);
    if (bad || last?.bound !== Number.POSITIVE_INFINITY) {
      throw new Error(`the buckets of ${family}${labels} do not ascend to +Inf`);
    }
    if (samples.get(`${family}_count${labels}`) !== last.value) {
      throw new Error(`${family}${labels}: +Inf is not the count`);
    }
    if (!samples.has(`${family}_sum${labels}`)) throw new Error(`${family}${labels} has no sum`);
  }
}
