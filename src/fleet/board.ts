import type { FleetStamp, FleetTime } from "./stamp.ts";

/** What a gateway pins to the board, or finds there: a sealed record at its field. */
export interface BoardRow {
  readonly field: string;
  readonly stamp: FleetStamp;
  readonly sealed: Buffer;
}

/** A row to be written, and how long the table keeps it: milliseconds. */
export interface ToldRow extends BoardRow {
  readonly left: number;
}

/** A place in the log: the store's id of an entry, and its number. Each entry has the number after the last one. */
export interface LogPosition {
  readonly id: string;
  readonly n: number;
}

export interface LogBatch {
  readonly rows: readonly BoardRow[];
  /** That of the last entry. */
  readonly position: LogPosition;
  /** Entries before these are missing: the log was trimmed, or the store lost them. The table has what they said. */
  readonly hasGap: boolean;
}

/** What the store says of itself. */
export interface StoreFacts {
  readonly version: string;
  /** What it drops when it is full; anything but `noeviction` loses leases. */
  readonly maxmemoryPolicy: string;
}

/** Most rows of one `put`. */
export const mostRows = 64;

/** Entries that the log keeps, about. */
export const longestLog = 1000;

/** Before the first entry of a log. */
export const logStart: LogPosition = { id: "0-0", n: 0 };

/**
 * The store as gateways use it: a table of what is so now, and a log of what changed. It is a notice board: it may
 * be empty, restarted, lost or in hostile hands, so readers check all that it gives. A board is one connection: it
 * is of no more use once an operation threw a `BoardError` of kind `lost`, and all others throw that then, too.
 *
 * Every operation ends in time, or throws `lost`.
 */
export interface Board {
  /** Returns the store's clock. */
  time(): Promise<FleetTime>;
  /**
   * Adds all rows to the log, in one entry, and those to the table that are not older than what it has. Removes from
   * the table some of what is over. At most `mostRows`. Returns the id of the entry.
   */
  put(rows: readonly ToldRow[]): Promise<string>;
  /** Returns the whole table, in parts. A row that changes meanwhile may be missing, or come twice. */
  table(): AsyncIterable<readonly BoardRow[]>;
  /** Returns those rows of the table that it has. */
  lookUp(fields: readonly string[]): Promise<readonly BoardRow[]>;
  /** Returns the last entry of the log, or `logStart` if it is empty. */
  end(): Promise<LogPosition>;
  /** Returns what the log has after a place, once it has something; nothing after `wait` milliseconds. */
  follow(after: LogPosition, wait: number): Promise<LogBatch>;
  /**
   * Returns whether `owner` has the name now: it was free, and is taken for `life` milliseconds, or was the owner's
   * before. A claim that was late can be made again. No more than `limit` milliseconds may pass.
   */
  claim(name: string, owner: string, life: number, limit: number): Promise<boolean>;
  /**
   * Replaces the mark of a one-time list where it is `expected`, absent, or `mark` already. Returns undefined then,
   * or the mark that is held. No more than `limit` milliseconds may pass.
   */
  mark(
    list: string,
    mark: string,
    expected: string | undefined,
    limit: number,
  ): Promise<string | undefined>;
  /** Writes the heartbeat of a gateway, whose name is digested. */
  beat(gateway: string, row: BoardRow): Promise<void>;
  /** Returns all heartbeats. */
  heartbeats(): Promise<readonly BoardRow[]>;
  /** Removes the heartbeat of a gateway. */
  forget(gateway: string): Promise<void>;
  facts(): Promise<StoreFacts>;
  /** Ends the connection. What waits throws `lost`. */
  close(): void;
}

/**
 * Why an operation failed.
 * - `lost`: the store does not answer, or not as a server that takes changes. The board is of no more use.
 * - `refused`: the store answers with an error: it is full, or this gateway has not the privilege.
 * - `late`: a claim took longer than its limit. It may have been made.
 */
export type BoardFailure = "lost" | "refused" | "late";

export class BoardError extends Error {
  override readonly name = "BoardError";
  readonly kind: BoardFailure;

  constructor(kind: BoardFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** Returns whether entries with these numbers do not all follow each other, the first one `last`. */
export function hasGapAfter(last: number, numbers: readonly number[]): boolean {
  return numbers.some((n, i) => n !== (numbers[i - 1] ?? last) + 1);
}

/** Returns whether the entry `id` of a log is `other`, or before it; false for what is no id. */
export function isAtOrBefore(id: string, other: string): boolean {
  const [[time, place], [otherTime, otherPlace]] = [partsOfId(id), partsOfId(other)];
  return time < otherTime || (time === otherTime && place <= otherPlace);
}

function partsOfId(id: string): readonly [number, number] {
  const [, time, place] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? [];
  return [Number(time), Number(place)];
}
