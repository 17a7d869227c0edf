// The leases and ignored sources in the view of `knockctl top`. Pure.

import { printable } from "../../../base/text.ts";
import type { Color } from "../../screen.ts";
import { textWidth } from "../../text-width.ts";
import type { TopRow, TopState } from "./model.ts";
import { formatLeft } from "./model.ts";
import type { SpanLine, TopScreen } from "./spans.ts";
import { drawBar, padText } from "./spans.ts";

/** A bar of fewer columns says nothing. */
const narrowestBar = 4;

/** Names of doors are cut to less than this nowhere. */
const narrowestDoor = "ignored".length;

/** The room of `59m 59s`, and of the words that stand in its place. */
const leftWidth = "opening".length;

const marker = { chosen: "> ", other: "  " };

/** Two blanks stand between columns. */
const gap = 2;

interface RowWidths {
  readonly door: number;
  readonly source: number;
  readonly bar: number;
}

/** Returns the lines of the leases and of the ignored sources, under each other: `room` at most. */
export function drawLists(state: TopState, screen: TopScreen, room: number): SpanLine[] {
  const leases = state.rows.filter(({ kind }) => kind === "lease");
  const ignored = state.rows.filter(({ kind }) => kind === "ignored");
  const draw = listDrawer(state, screen);
  if (ignored.length === 0) return draw("LEASES", leases, room - 1);
  // Headings and an empty line aside, the ignored sources get a quarter, or what the leases leave.
  const free = room - 3;
  const quarter = Math.min(ignored.length, Math.max(1, Math.floor(free / 4)));
  const forLeases = Math.min(leases.length, free - quarter);
  return [...draw("LEASES", leases, forLeases), [], ...draw("IGNORED", ignored, free - forLeases)];
}

/** Returns the lines of a list of both kinds, for a terminal with few lines. */
export function drawOneList(state: TopState, screen: TopScreen, room: number): SpanLine[] {
  const hasIgnored = state.rows.some(({ kind }) => kind === "ignored");
  const title = hasIgnored ? "LEASES AND IGNORED" : "LEASES";
  return listDrawer(state, screen)(title, state.rows, room - 1);
}

/** Returns a function that draws rows under a title, `height` at most. */
function listDrawer(state: TopState, screen: TopScreen) {
  const widths = measure(state.rows, screen);
  return (title: string, rows: readonly TopRow[], height: number): SpanLine[] => {
    const start = firstShown(rows, state, height);
    const shown = rows.slice(start, start + Math.max(0, height));
    const part = `${start + 1}-${start + shown.length} of ${rows.length}`;
    const count = rows.length === 0 ? "none" : String(rows.length);
    return [
      [{ text: title, color: "bold" }, { text: `  ${shown.length < rows.length ? part : count}` }],
      ...shown.map((row) => drawRow(row, state, widths, screen)),
    ];
  };
}

/** The first row of a list that is too long: the chosen one stays in the middle. */
function firstShown(rows: readonly TopRow[], { chosen }: TopState, height: number): number {
  const at = rows.findIndex(({ key }) => key === chosen?.key);
  return Math.max(0, Math.min(at - Math.floor(height / 2), rows.length - height));
}

/** Names take what they need, up to a limit; the bar takes the rest. */
function measure(rows: readonly TopRow[], { columns }: TopScreen): RowWidths {
  const widest = (texts: readonly string[]) =>
    Math.max(0, ...texts.map((text) => textWidth(printable(text))));
  const door = Math.min(widest(rows.map(doorOf)), Math.max(narrowestDoor, Math.floor(columns / 6)));
  const fixed = marker.other.length + door + gap + gap + leftWidth;
  const sources = rows.map((row) => sourceOf(row).toString());
  const source = Math.min(widest(sources), columns - fixed);
  const bar = columns - fixed - source - gap;
  return { door, source, bar: bar < narrowestBar ? 0 : bar };
}

/** A source that is ignored has no door. */
function doorOf(row: TopRow): string {
  return row.kind === "lease" ? row.lease.door : "ignored";
}

function sourceOf(row: TopRow) {
  return row.kind === "lease" ? row.lease.source : row.source;
}

function drawRow(row: TopRow, state: TopState, widths: RowWidths, screen: TopScreen): SpanLine {
  const isChosen = state.chosen?.key === row.key;
  const source = padText(sourceOf(row).toString(), widths.source);
  const names = `${padText(doorOf(row), widths.door)}${" ".repeat(gap)}${source}`;
  const { share, text, color } = describeLeft(row, state);
  const bar = widths.bar === 0 ? "" : drawBar(share, widths.bar, screen.glyphs);
  return [
    { text: isChosen ? marker.chosen : marker.other, color: "bold" },
    { text: names, color: isChosen ? "bold" : undefined },
    { text: " ".repeat(gap) },
    { text: bar === "" ? "" : `${bar}${" ".repeat(gap)}`, color },
    { text: padText(text, leftWidth, "right"), color },
  ];
}

interface LeftColumn {
  /** Of the bar, between 0 and 1. */
  readonly share: number;
  readonly text: string;
  readonly color: Color;
}

/** A source is ignored for a minute. */
const ignoredMs = 60_000;

function describeLeft(row: TopRow, { lengths }: TopState): LeftColumn {
  const left = formatLeft(row.kind === "lease" ? row.lease.remainingMs : row.remainingMs);
  if (row.kind === "ignored") {
    return { share: row.remainingMs / ignoredMs, text: left, color: "yellow" };
  }
  const { lease } = row;
  const share = lease.remainingMs / Math.max(1, lengths.get(row.key) ?? 1);
  if (lease.failure !== undefined) return { share, text: "FAILED", color: "red" };
  if (lease.state !== "open") return { share, text: lease.state, color: "yellow" };
  return { share, text: left, color: colorOf(share) };
}

function colorOf(share: number): Color {
  if (share < 0.1) return "red";
  return share < 0.25 ? "yellow" : "green";
}
