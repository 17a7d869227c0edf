import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExposition } from "../../../test/support/exposition.ts";
import type { MetricFamily } from "./exposition.ts";
import { formatFamilies } from "./exposition.ts";
import { Histogram } from "./histogram.ts";

function histogram(...seconds: readonly number[]): Histogram {
  const made = new Histogram([0.1, 0.5]);
  for (const one of seconds) made.observe(one);
  return made;
}

test("families are written with their help, their type and their samples", () => {
  const families: MetricFamily[] = [
    {
      name: "a_total",
      help: "All a.",
      type: "counter",
      samples: [{ value: 1 }, { labels: { door: "x", result: "y" }, value: 2.5 }],
    },
    { name: "b", help: "No b.", type: "gauge", samples: [] },
    {
      name: "c_seconds",
      help: "How long.",
      type: "histogram",
      samples: [{ labels: { action: "open" }, value: histogram(0.05, 0.1, 0.25, 7) }],
    },
  ];
  expect(formatFamilies(families)).toBe(`# HELP a_total All a.
# TYPE a_total counter
a_total 1
a_total{door="x",result="y"} 2.5
# HELP b No b.
# TYPE b gauge
# HELP c_seconds How long.
# TYPE c_seconds histogram
c_seconds_bucket{action="open",le="0.1"} 2
c_seconds_bucket{action="open",le="0.5"} 3
c_seconds_bucket{action="open",le="+Inf"} 4
c_seconds_sum{action="open"} 7.4
c_seconds_count{action="open"} 4
`);
});

test("no value of a label, and no help, can break a line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (door) => {
      const samples = [{ labels: { door, z: "z" }, value: 1 }];
      const text = formatFamilies([
        { name: "a", help: `h${door.replaceAll(/[\r\u2028\u2029]/g, "")}`, type: "gauge", samples },
      ]);
      const [sample = ""] = readExposition(text).families.get("a")?.samples.keys() ?? [];
      const [, written = ""] = /^a\{door="(.*)",z="z"\}$/s.exec(sample) ?? [];
      const read = written.replaceAll(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
      expect(read).toBe(door);
    }),
  );
});

test("a histogram adds up whatever is observed", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (seconds) => {
      const { cumulative, count, sum } = histogram(...seconds);
      const upTo = (bound: number) => seconds.filter((one) => one <= bound).length;
      expect(cumulative).toEqual([upTo(0.1), upTo(0.5)]);
      expect(count).toBe(seconds.length);
      expect(sum).toBeCloseTo(seconds.reduce((a, b) => a + b, 0));
    }),
  );
});

describe("the reader of the tests refuses", () => {
  const good = "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n";
  const buckets = (first: number, last: number, count: number) =>
    `# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} ${first}\nh_bucket{le="+Inf"} ${last}\nh_sum 1\nh_count ${count}\n`;

  test("nothing that is right", () => {
    expect(readExposition(good).value("a_total")).toBe(1);
    expect(readExposition(buckets(1, 2, 2)).value('h_bucket{le="1"}')).toBe(1);
  });

  test.each([
    ["a last line without an end", good.slice(0, -1)],
    ["a sample without its type", "a_total 1\n"],
    ["a type without help", "# TYPE a_total counter\na_total 1\n"],
    ["a family that comes twice", good + good],
    ["a sample that comes twice", `${good}a_total 2\n`],
    ["a sample of another family", `${good}b_total 2\n`],
    ["a counter that is no total", "# HELP a A.\n# TYPE a counter\na 1\n"],
    ["a value that is none", good.replace(" 1\n", " one\n")],
    ["a label without its end", good.replace("a_total 1", 'a_total{b="c} 1')],
    ["a quote in a label", good.replace("a_total 1", 'a_total{b="c"d"} 1')],
    ["buckets that do not add up", buckets(2, 1, 1)],
    ["buckets that are not the count", buckets(1, 2, 3)],
    ["an empty line", `${good}\n`],
  ])("%s", (_, text) => expect(() => readExposition(text)).toThrow());
});
