// The state of `knockctl top`, and what keys and answers make of it. Pure.
import type { Address } from "../../../base/address.ts";
import { humanDuration, longestDuration } from "../../../base/duration.ts";
import type { StatusProblem } from "../../../base/status-problem.ts";
import type { LeaseReport } from "../../../control/reports.ts";
import type { Color } from "../../screen.ts";
import type { TopReading, TopSample } from "./reading.ts";
import { addSample } from "./reading.ts";

/** A line that the arrows choose. */
export type TopRow = { readonly key: string } & (
  | { readonly kind: "lease"; readonly lease: LeaseReport; readonly opens: readonly string[] }
  | { readonly kind: "ignored"; readonly source: Address; readonly remainingMs: number }
);

type LeaseRow = Extract<TopRow, { readonly kind: "lease" }>;

interface TopMessage {
  readonly text: string;
  readonly color?: Color;
}

export interface TopState {
  /** The last one; `undefined` before the first. */
  readonly reading: TopReading | undefined;
  readonly samples: readonly TopSample[];
  readonly rows: readonly TopRow[];
  /** The longest time left of each lease so far, by key: the whole length of its bar. */
  readonly lengths: ReadonlyMap<string, number>;
  /** The row that keys act on, and its place, for when it is gone. */
  readonly chosen: { readonly key: string; readonly at: number } | undefined;
  /** Problems that this program finds beside those of the daemon. */
  readonly found: readonly StatusProblem[];
  /** Why the reading is old, and since when; `undefined` while the daemon answers. */
  readonly lost: { readonly why: string; readonly since: Date } | undefined;
  readonly mode: "list" | "help" | "close";
  /** What came of the last key. */
  readonly message: TopMessage | undefined;
}

/** What a key asks for. */
export type TopAction =
  | { readonly kind: "quit"; readonly code: number }
  | { readonly kind: "suspend" }
  | { readonly kind: "close"; readonly lease: LeaseReport; readonly cut: boolean }
  | { readonly kind: "extend"; readonly lease: LeaseReport; readonly forMs: number }
  | { readonly kind: "forgive"; readonly source: Address };

/** A key as `readKeys` names it: a character, or the name of one that has none. */
export type TopKey = string;

/** The exit code of a program that Ctrl-C ends. */
const interrupted = 130;

export const emptyState: TopState = {
  reading: undefined,
  samples: [],
  rows: [],
  lengths: new Map(),
  chosen: undefined,
  found: [],
  lost: undefined,
  mode: "list",
  message: undefined,
};

/** Returns the state after the daemon has answered. */
export function takeReading(state: TopState, reading: TopReading): TopState {
  const rows = listRows(reading);
  const lengths = new Map(
    rows.flatMap((row) => (row.kind === "lease" ? [[row.key, lengthOf(row, reading, state)]] : [])),
  );
  const before = chosenRow(state);
  const isGone = before !== undefined && !rows.some(({ key }) => key === before.key);
  const next: TopState = {
    ...state,
    ...{ reading, rows, lengths, lost: undefined },
    samples: addSample(state.samples, reading),
    chosen: locate(rows, state.chosen),
  };
  if (state.mode !== "close" || !isGone || before.kind !== "lease") return next;
  return { ...next, mode: "list", message: { text: `${nameOf(before.lease)} is closed` } };
}

function listRows({ status, doors, leases }: TopReading): TopRow[] {
  const uses = new Map<string, number>();
  const unique = (name: string) => {
    const nth = (uses.get(name) ?? 0) + 1;
    uses.set(name, nth);
    return `${name} ${nth}`;
  };
  const leaseRows = leases.map((lease): TopRow => {
    const opens = doors.find(({ name }) => name === lease.door)?.opens ?? [];
    return { key: unique(`lease ${lease.source} ${lease.door}`), kind: "lease", lease, opens };
  });
  // Those whose time ends last come last: they are what an administrator looks for.
  const ignoredRows = [...status.ignored].reverse().map(({ source, remainingMs }): TopRow => {
    return { key: unique(`ignored ${source}`), kind: "ignored", source, remainingMs };
  });
  return [...leaseRows, ...ignoredRows];
}

function lengthOf({ key, lease }: LeaseRow, reading: TopReading, { lengths }: TopState): number {
  return Math.max(lengths.get(key) ?? lastsOf(lease, reading) ?? 0, lease.remainingMs);
}

function lastsOf({ door }: LeaseReport, { doors }: TopReading): number | undefined {
  return doors.find(({ name }) => name === door)?.lastsMs;
}

function locate(rows: readonly TopRow[], chosen: TopState["chosen"]): TopState["chosen"] {
  const { key = "", at = 0 } = chosen ?? {};
  const found = rows.findIndex((row) => row.key === key);
  const next = found >= 0 ? found : Math.min(at, rows.length - 1);
  const row = rows[next];
  return row && { key: row.key, at: next };
}

/** Returns the row that keys act on. */
export function chosenRow({ rows, chosen }: TopState): TopRow | undefined {
  return chosen && rows[chosen.at];
}

/** Returns the state after a key, and what it asks for. */
export function pressKey(
  state: TopState,
  key: TopKey,
): { readonly state: TopState; readonly action?: TopAction } {
  if (key === "ctrl-c") return { state, action: { kind: "quit", code: interrupted } };
  if (key === "ctrl-z") return { state, action: { kind: "suspend" } };
  const listed: TopState = { ...state, mode: "list", message: undefined };
  if (state.mode === "close") return answerClose(listed, key);
  if (state.mode === "help") return { state: listed };
  const row = chosenRow(state);
  switch (key) {
    case "q":
      return { state, action: { kind: "quit", code: 0 } };
    case "?":
    case "h":
      return { state: { ...listed, mode: "help" } };
    case "up":
    case "k":
      return { state: move(listed, -1) };
    case "down":
    case "j":
      return { state: move(listed, 1) };
    case "page-up":
      return { state: move(listed, -10) };
    case "page-down":
      return { state: move(listed, 10) };
    case "home":
      return { state: move(listed, -state.rows.length) };
    case "end":
      return { state: move(listed, state.rows.length) };
    case "c":
      if (row?.kind !== "lease") return { state: complain(listed, "choose a lease to close") };
      return { state: { ...listed, mode: "close" } };
    case "e":
      if (row?.kind !== "lease") return { state: complain(listed, "choose a lease to extend") };
      return extend(listed, row.lease);
    case "f":
      if (row?.kind !== "ignored") {
        return { state: complain(listed, "choose an ignored source to forgive") };
      }
      return { state: listed, action: { kind: "forgive", source: row.source } };
    default:
      return { state: listed };
  }
}

function answerClose(state: TopState, key: TopKey): ReturnType<typeof pressKey> {
  const row = chosenRow(state);
  if (row?.kind !== "lease" || (key !== "y" && key !== "x")) {
    return { state: { ...state, message: { text: "nothing was closed" } } };
  }
  const { lease } = row;
  return {
    state: { ...state, message: { text: `closing ${nameOf(lease)} ...` } },
    action: { kind: "close", lease, cut: key === "x" },
  };
}

/** Adds the time that a knock would give to what is left. */
function extend(state: TopState, lease: LeaseReport): ReturnType<typeof pressKey> {
  const lasts = state.reading && lastsOf(lease, state.reading);
  if (lasts === undefined) {
    return { state: complain(state, `${nameOf(lease)}: its door is not in the configuration`) };
  }
  const forMs = Math.min(lease.remainingMs + lasts, longestDuration);
  return { state, action: { kind: "extend", lease, forMs } };
}

function move(state: TopState, by: number): TopState {
  const at = Math.max(0, Math.min(state.rows.length - 1, (state.chosen?.at ?? 0) + by));
  const row = state.rows[at];
  return { ...state, chosen: row && { key: row.key, at } };
}

/** Returns the state with a message in red. */
export function complain(state: TopState, text: string): TopState {
  return { ...state, message: { text, color: "red" } };
}

/** Returns what a lease is called in messages. */
export function nameOf({ door, source }: Pick<LeaseReport, "door" | "source">): string {
  return `${door} for ${source}`;
}

/** Returns a length of time in whole seconds: what counts down shows no tenths. */
export function formatLeft(milliseconds: number): string {
  return humanDuration(Math.ceil(milliseconds / 1000) * 1000);
}
