// The screen of `knockctl top`: a state and a size become lines. Pure.
import { plural } from "../../../base/text.ts";
import { formatLocalTime } from "../../../base/time.ts";
import type { FleetSummary } from "../../../control/fleet-reports.ts";
import type { Color } from "../../screen.ts";
import { textWidth } from "../../text-width.ts";
import type { TopState } from "./model.ts";
import { chosenRow, formatLeft, nameOf } from "./model.ts";
import { ratesOf } from "./reading.ts";
import { drawLists, drawOneList } from "./rows.ts";
import type { SpanLine, TopScreen } from "./spans.ts";
import { drawBar, drawSpans, padText, wrapText } from "./spans.ts";

/** A smaller terminal gets a line that says so. */
const smallest = { columns: 40, rows: 10 };

/** A terminal with fewer lines gets no empty ones, and no bars of knocks. */
const roomyRows = 20;

/** Returns the lines of the view: exactly as many as the terminal has, none wider. */
export function drawTop(state: TopState, screen: TopScreen): string[] {
  const lines = layOut(state, screen).slice(0, screen.rows);
  return lines.map((line) => drawSpans(line, screen));
}

function layOut(state: TopState, screen: TopScreen): SpanLine[] {
  const { columns, rows } = screen;
  if (columns < smallest.columns || rows < smallest.rows) {
    const need = `the terminal is smaller than ${smallest.columns}x${smallest.rows}`;
    const lines = plain(wrapText(need, columns));
    return [...lines, ...blanks(rows - lines.length)];
  }
  const top = [titleLine(state, screen), ...summary(state, screen)];
  const bottom = footer(state, screen);
  const head = top.slice(0, Math.max(0, rows - bottom.length));
  const room = Math.max(0, rows - head.length - bottom.length);
  const body = state.mode === "help" ? helpLines(screen) : bodyLines(state, screen, room);
  return [...head, ...body.slice(0, room), ...blanks(room - body.length), ...bottom];
}

function titleLine({ reading }: TopState, { columns }: TopScreen): SpanLine {
  const title = "knockctl top";
  const status = reading?.status;
  const up =
    status === undefined ? "" : `knockd ${status.release}, up ${formatLeft(status.uptimeMs)}`;
  const gap = columns - textWidth(title) - textWidth(up);
  return [{ text: title, color: "bold" }, { text: " ".repeat(Math.max(1, gap)) }, { text: up }];
}

/** Rates, counts and problems. */
function summary(state: TopState, screen: TopScreen): SpanLine[] {
  const { reading, lost } = state;
  const why = lost === undefined ? [] : colored(describeLoss(lost, screen), "red");
  if (reading === undefined) return why;
  const { capture, leaseCount, ignored } = reading.status;
  const rates = ratesOf(state.samples);
  const knocks = countKnocks(state);
  const stages = knocks.map(({ stage, count }) => `${count} at stage ${stage}`).join(", ");
  const total = knocks.reduce((sum, { count }) => sum + count, 0);
  const knocking = isRoomy(screen) || stages === "" ? String(total) : stages;
  // Without room for parts of their own, the heading of the one list counts the rest.
  const counts: SpanLine[] = [
    [{ text: `open ${leaseCount}`, color: leaseCount > 0 ? "green" : undefined }],
    [{ text: `ignored ${ignored.length}`, color: ignored.length > 0 ? "yellow" : undefined }],
  ];
  const parts: SpanLine[] = [
    [{ text: `packets ${formatRate(rates?.packets)}/s` }],
    [{ text: `openings ${formatRate(rates?.openings)}/s` }],
    [{ text: `knocking ${knocking}`, color: total > 0 ? "yellow" : undefined }],
    ...(isRoomy(screen) ? counts : []),
    ...(reading.status.fleet === undefined ? [] : [fleetPart(reading.status.fleet)]),
    ...(capture.dropped === 0
      ? []
      : [[{ text: `dropped ${capture.dropped}`, color: "red" } as const]]),
  ];
  return [...why, ...flow(parts, screen.columns), ...problemLines(state, screen)];
}

/** `fleet 5 of 6`, or that its store is down. */
function fleetPart({ state, gatewaysUp: up, gatewaysKnown: known }: FleetSummary): SpanLine {
  if (state === "down") return [{ text: "fleet: store down", color: "red" }];
  return [{ text: `fleet ${up} of ${known}`, color: up < known ? "yellow" : "green" }];
}

function describeLoss({ why, since }: NonNullable<TopState["lost"]>, screen: TopScreen): string[] {
  const text = `${why}; waiting for it since ${formatLocalTime(since).slice("2026-11-28 ".length)}`;
  return wrapText(text, screen.columns).slice(0, 3);
}

/** Places pieces beside each other, as many as a line has room for. */
function flow(parts: readonly SpanLine[], columns: number): SpanLine[] {
  const lines: SpanLine[] = [];
  let line: SpanLine = [];
  for (const part of parts) {
    const longer = line.length === 0 ? part : [...line, { text: "   " }, ...part];
    if (line.length > 0 && widthOf(longer) > columns) {
      lines.push(line);
      line = part;
    } else line = longer;
  }
  return [...lines, line];
}

function problemLines({ reading, found }: TopState, { columns, rows }: TopScreen): SpanLine[] {
  const all = [...(reading?.status.problems ?? []), ...found];
  const most = Math.floor(rows / 6);
  const texts = all.map(({ message }) => `problem: ${message}`);
  const lines = texts.flatMap((text) => wrapText(text, columns));
  if (lines.length <= most) return colored(lines, "red");
  const hint = `${plural(all.length, "problem")}: knockctl status`;
  if (most > 1) return colored([...lines.slice(0, most - 1), hint], "red");
  return colored(all.length === 1 ? texts : [hint], "red");
}

function bodyLines(state: TopState, screen: TopScreen, room: number): SpanLine[] {
  if (state.reading === undefined) return [];
  if (!isRoomy(screen)) return drawOneList(state, screen, room);
  const knocks = [[], ...knockLines(state, screen), []];
  return [...knocks, ...drawLists(state, screen, room - knocks.length)];
}

/** How many knocks are at which stage. */
function knockLines(state: TopState, screen: TopScreen): SpanLine[] {
  const counts = countKnocks(state);
  const title = { text: "KNOCKS", color: "bold" } as const;
  if (counts.length === 0) return [[title, { text: "  none under way" }]];
  const most = Math.max(...counts.map(({ count }) => count));
  const label = "stage 10".length;
  const room = screen.columns - label - String(most).length - 6;
  const lines = counts.map(({ stage, count }): SpanLine => {
    const bar = drawBar(count / most, room, { ...screen.glyphs, empty: "" });
    const start = `  ${padText(`stage ${stage}`, label)}  `;
    return [{ text: start }, { text: bar, color: "yellow" }, { text: `  ${count}` }];
  });
  return [[title], ...lines.slice(-Math.floor(screen.rows / 6))];
}

function countKnocks({ reading }: TopState) {
  const stages = reading?.status.knocksByStage ?? [];
  return stages.flatMap((count, i) => (count === 0 ? [] : [{ stage: i + 1, count }]));
}

function isRoomy({ rows }: TopScreen): boolean {
  return rows >= roomyRows;
}

/** What the keys do, or the question that is asked, or what came of the last key. */
function footer(state: TopState, screen: TopScreen): SpanLine[] {
  const { message, mode } = state;
  const said =
    message === undefined
      ? []
      : colored(wrapText(message.text, screen.columns).slice(0, 3), message.color);
  if (mode === "help") return [...said, ...keyLine([["any key", "back"]], screen)];
  if (mode === "close") return closeQuestion(state, screen);
  const row = chosenRow(state);
  const keys: (readonly [key: string, does: string])[] = [
    ...(state.rows.length > 1 && screen.columns >= 60 ? [["↑↓", "choose"] as const] : []),
    ...(row?.kind === "lease" ? [["c", "close"] as const, ["e", "extend"] as const] : []),
    ...(row?.kind === "ignored" ? [["f", "forgive"] as const] : []),
    ["?", "help"],
    ["q", "quit"],
  ];
  return [...said, ...keyLine(keys, screen)];
}

/** Names what ends. */
function closeQuestion(state: TopState, screen: TopScreen): SpanLine[] {
  const row = chosenRow(state);
  if (row?.kind !== "lease") return [];
  const { lease, opens } = row;
  const ends =
    lease.kind === "native"
      ? `new connections to ${opens.join(", ") || "its services"} need a knock`
      : "its closing command runs";
  const left = `${formatLeft(lease.remainingMs)} left`;
  const question = wrapText(`Close ${nameOf(lease)} (${left})? Then ${ends}.`, screen.columns);
  const keys = [
    ["y", "close"],
    ["x", "close, and end its connections"],
    ["n", "cancel"],
  ] as const;
  return [...colored(question, "bold"), ...keyLine(keys, screen)];
}

function keyLine(
  keys: readonly (readonly [key: string, does: string])[],
  { columns }: TopScreen,
): SpanLine[] {
  const parts = keys.map(
    ([key, does]): SpanLine => [{ text: key, color: "bold" }, { text: ` ${does}` }],
  );
  return flow(parts, columns);
}

function helpLines({ columns }: TopScreen): SpanLine[] {
  const keys = [
    ["↑ ↓", "choose a lease or an ignored source"],
    ["c", "close the lease, after a question"],
    ["e", "extend the lease by the time of its door"],
    ["f", "forgive the ignored source"],
    ["Ctrl-Z", "suspend"],
    ["q", "quit, as Ctrl-C"],
  ] as const;
  const width = "Ctrl-Z".length;
  const explained = keys.flatMap(([key, does]) =>
    wrapText(does, columns - width - 4).map(
      (line, i): SpanLine => [
        { text: `  ${padText(i === 0 ? key : "", width)}  `, color: "bold" },
        { text: line },
      ],
    ),
  );
  return [
    [],
    ...explained,
    ...plain(["", ...wrapText("A bar shows how much of the time is left.", columns)]),
  ];
}

/** At most three digits for small rates. */
function formatRate(rate: number | undefined): string {
  if (rate === undefined) return "-";
  return rate > 0 && rate < 9.95 ? rate.toFixed(1) : String(Math.round(rate));
}

function widthOf(line: SpanLine): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

function plain(texts: readonly string[]): SpanLine[] {
  return colored(texts, undefined);
}

function colored(texts: readonly string[], color: Color | undefined): SpanLine[] {
  return texts.map((text) => [{ text, color }]);
}

function blanks(count: number): SpanLine[] {
  return Array.from({ length: Math.max(0, count) }, () => []);
}
