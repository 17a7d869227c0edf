// Bars of what was counted in each minute, drawn as SVG in one colour.
import type { ConsoleMinute } from "../../src/cli/knockctl/console/view.ts";
import type { PageContext } from "./context.ts";
import { make, makeSvg } from "./dom.ts";

const spans = {
  hour: { bars: 60, each: 60_000, bucket: "minute" },
  day: { bars: 96, each: 900_000, bucket: "quarter" },
} as const;

export type ChartSpan = keyof typeof spans;

const counts = ["packets", "steps", "openings", "refusals"] as const;

type Count = (typeof counts)[number];

/** The size of the drawing, in its own units. */
const [width, height] = [240, 44];

/** Returns a figure for each thing that is counted. */
export function drawCharts(
  page: PageContext,
  minutes: readonly ConsoleMinute[],
  span: ChartSpan,
): HTMLElement[] {
  const times = minutes.map(({ time }) => Date.parse(time));
  const { bars, each } = spans[span];
  // The last bar ends with the bucket that has the present minute.
  const end = (Math.floor(page.now() / each) + 1) * each;
  const start = end - bars * each;
  return counts.map((count) => {
    const values = new Array<number>(bars).fill(0);
    minutes.forEach((minute, i) => {
      const at = Math.floor(((times[i] ?? 0) - start) / each);
      if (at >= 0 && at < bars) values[at] = (values[at] ?? 0) + minute[count];
    });
    return drawFigure(page, count, span, values, start);
  });
}

function drawFigure(
  { say, locale }: PageContext,
  count: Count,
  span: ChartSpan,
  values: readonly number[],
  start: number,
): HTMLElement {
  const total = values.reduce((sum, value) => sum + value, 0);
  const most = Math.max(...values);
  const number = (value: number) => value.toLocaleString(locale);
  const name = say(count);
  const label = say("chart", {
    ...{ name, total: number(total), peak: number(most) },
    span: say(span),
    bucket: say(spans[span].bucket),
  });
  const clock = new Date(start).toLocaleTimeString(locale, {
    hour: "2-digit",
    minute: "2-digit",
  });
  const peak = say("peak", { peak: number(most) });
  return make(
    "figure",
    {},
    make("figcaption", {}, name, " ", make("strong", {}, number(total)), make("small", {}, peak)),
    makeSvg(
      "svg",
      { viewBox: `0 0 ${width} ${height + 1}`, role: "img", "aria-label": label },
      makeSvg("path", { class: "bars", d: barPath(values, most) }),
      makeSvg("path", { class: "axis", d: `M0 ${height + 0.5}h${width}` }),
    ),
    make(
      "div",
      { class: "axis-labels", "aria-hidden": "true" },
      make("span", {}, clock),
      make("span", {}, say("now")),
    ),
  );
}

/** Returns a bar for each value that is not 0: one that is very small is a line. */
function barPath(values: readonly number[], most: number): string {
  const room = width / values.length;
  const bar = room * 0.75;
  return values
    .map((value, i) => {
      if (value === 0) return "";
      const tall = Math.max(1, (value / most) * height);
      return `M${round(i * room)} ${height}v-${round(tall)}h${round(bar)}v${round(tall)}z`;
    })
    .join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
