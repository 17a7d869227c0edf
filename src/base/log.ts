import type { Address } from "./address.ts";
import type { WallTime } from "./time.ts";
import { formatLocalTime } from "./time.ts";

/**
 * - `error`, `warning`: something an administrator should look at
 * - `notice`: the lines that knockd writes
 * - `info`: decisions that knockd keeps to itself; in JSON logs, and on a terminal with -D
 * - `debug`: on a terminal with -D
 */
export type Level = "error" | "warning" | "notice" | "info" | "debug";

/** One thing that happened. */
export interface Entry {
  readonly level: Level;
  /** A stable name for programs, such as `stage` or `command-exit`. */
  readonly event: string;
  /** A sentence for people. */
  readonly text: string;
  /** Where a notice goes: to the log, to a terminal that asked with -v, or (the default) to both. */
  readonly to?: "log" | "terminal";
  readonly door?: string;
  readonly source?: Address;
  /** More for programs. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
  /** Any source can cause any number of these: the log's rate limit applies. */
  readonly limited?: true;
}

/** An entry, or what makes one when the log has time for it. */
export type LazyEntry = Entry | (() => Entry);

/** `wall`: when it happened. */
export type EntryListener = (entry: Entry, wall: WallTime) => void;

/** Where entries go. Never throws: a log that cannot be written must not keep a door from closing. */
export interface Log {
  /** Returns whether an entry of this level goes anywhere. */
  isEnabled(level: Level): boolean;
  /** `wall`: when it happened; if absent, now. */
  write(entry: LazyEntry, wall?: WallTime): void;
}

/** A log that takes every entry, and at once. */
export abstract class EagerLog implements Log {
  isEnabled(_level: Level): boolean {
    return true;
  }

  write(entry: LazyEntry, _wall?: WallTime): void {
    this.add(makeEntry(entry));
  }

  protected abstract add(entry: Entry): void;
}

export function makeEntry(entry: LazyEntry): Entry {
  return typeof entry === "function" ? entry() : entry;
}

/** `[2026-11-22 13:26] text`, local time: the line of knockd 0.8. */
export function formatTextLine(entry: Entry, wall: WallTime): string {
  const minutes = formatLocalTime(new Date(wall)).slice(0, "2026-11-22 13:26".length);
  return `[${minutes}] ${oneLine(entry.text)}`;
}

/** One JSON object: time (RFC 3339, UTC, milliseconds), level, event, door, source, details, message. */
export function formatJsonLine(entry: Entry, wall: WallTime): string {
  const json = JSON.stringify({
    time: new Date(wall).toISOString(),
    level: entry.level,
    event: entry.event,
    door: entry.door,
    source: entry.source?.toString(),
    ...entry.detail,
    message: entry.text,
  });
  return escapeControls(json);
}

/** The same JSON, with every control character escaped: JSON itself asks for the ASCII ones only. */
export function escapeControls(json: string): string {
  return json.replace(controls, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Control characters, which a hostile name could use to forge lines or drive a terminal, become `?`. */
export function oneLine(text: string): string {
  return text.replace(controls, "?");
}
