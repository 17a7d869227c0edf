import type { Address } from "./address.ts";

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
}

/** Where entries go. Never throws: a log that cannot be written must not keep a door from closing. */
export interface Log {
  /** `wall`: when it happened, in milliseconds since 1970; if absent, now. */
  write(entry: Entry, wall?: number): void;
  /** The same for an entry that is made when there is time for it. Absent: this log has no later. */
  writeLater?(make: () => Entry, wall: number): void;
  /** Would anybody see an entry of this level? Absent: yes. */
  isEnabled?(level: Level): boolean;
}

/** `[2026-11-22 13:26] text`, local time: the line of knockd 0.8. */
export function formatTextLine(entry: Entry, wall: number): string {
  const date = new Date(wall);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `[${day} ${two(date.getHours())}:${two(date.getMinutes())}] ${oneLine(entry.text)}`;
}

/** One JSON object: time (RFC 3339, UTC, milliseconds), level, event, door, source, details, message. */
export function formatJsonLine(entry: Entry, wall: number): string {
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
