import type { Clock } from "../base/clock.ts";
import type { BoardRow } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import { mostDrift } from "./fleet-clock.ts";
import type { HolderChange } from "./knowledge.ts";
import { movedHistory } from "./lease-history.ts";
import type { FleetRecord, ReadRecord } from "./record.ts";
import { isOverdue, readRecord } from "./record.ts";
import type { FleetSeal } from "./seal.ts";
import type { SharedLeases } from "./shared-leases.ts";
import type { SingleUse } from "./single-use.ts";
import { movedTime, noStamp } from "./stamp.ts";

/**
 * What becomes of a row.
 * - `merged`: a record of another gateway, new or not
 * - `own`: told by this start of this gateway, which says nothing new
 * - `foreign`, `forged`: not sealed with a key and a version that this gateway has, or not for this place
 * - `unknown`, `malformed`: sealed, but of another version or wrong
 * - `over`: without effect any more, by the store's clock, or an opening by the dates of both gateways
 * - `refused`: one too many
 */
type IncomingResult =
  | "merged"
  | "own"
  | "foreign"
  | "forged"
  | "unknown"
  | "malformed"
  | "over"
  | "refused";

export type IncomingCounts = Readonly<Record<IncomingResult, number>>;

/** A record that this gateway can read. */
export type UnderstoodRecord = Extract<ReadRecord, { readonly kind: "record" | "use" }>;

/** What rows said. */
export interface Heard {
  readonly records: readonly FleetRecord[];
  readonly changes: readonly HolderChange[];
  readonly uses: readonly SingleUse[];
  /** Whether an acknowledgement is waited for. */
  readonly asks: boolean;
}

/** Holders above which openings of other gateways are refused: those who knock here still get in. */
const mostHolders = 40_000;

/** Subjects above which nothing new of other gateways is kept: a mad one closes what is not there. */
const mostSubjects = 100_000;

export interface IncomingParts {
  readonly seal: FleetSeal;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
  readonly leases: SharedLeases;
}

/** Merges what other gateways tell, and counts what becomes of it. */
export class Incoming {
  readonly #parts: IncomingParts;
  readonly #counts: Record<IncomingResult, number> = {
    ...{ merged: 0, own: 0, foreign: 0, forged: 0 },
    ...{ unknown: 0, malformed: 0, over: 0, refused: 0 },
  };

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  get counts(): IncomingCounts {
    return this.#counts;
  }

  /** Opens rows. Never throws, whatever they are. */
  read(rows: readonly BoardRow[]): UnderstoodRecord[] {
    const understood: UnderstoodRecord[] = [];
    for (const row of rows) {
      const read = this.#read(row);
      if (typeof read === "string") this.#counts[read]++;
      else understood.push(read);
    }
    return understood;
  }

  /** Returns whether a record that was told just now has another time: a clock may have jumped. */
  isOutOfTime(records: readonly UnderstoodRecord[]): boolean {
    const now = this.#parts.fleetClock.now();
    return records.some(({ record }) => Math.abs(toldAt(record) - now) > mostDrift);
  }

  /** Returns how long ago each of these was told: milliseconds. */
  delays(records: readonly UnderstoodRecord[]): number[] {
    const now = this.#parts.fleetClock.now();
    return records.map(({ record }) => Math.max(0, now - toldAt(record)));
  }

  /** Merges records, taken together. */
  merge(news: readonly UnderstoodRecord[]): Heard {
    const { leases } = this.#parts;
    const room = { holders: mostHolders - leases.holders, all: mostSubjects - leases.size };
    const records: FleetRecord[] = [];
    const uses: SingleUse[] = [];
    for (const each of news) {
      const one = this.#effective(this.#inTime(each));
      const result = one === undefined ? "over" : resultOf(one, leases, room);
      this.#counts[result]++;
      if (one === undefined || result !== "merged") continue;
      if (one.kind === "use") uses.push(one.record.use);
      else records.push(one.record);
    }
    const asks = records.some((record) => record.asks === true);
    return { records, changes: leases.merge(records), uses, asks };
  }

  #read({ sealed, ...place }: BoardRow): UnderstoodRecord | IncomingResult {
    const { seal } = this.#parts;
    if (seal.isOwn(sealed)) return "own";
    const opened = seal.open(place, sealed);
    if (opened.kind !== "opened") return opened.kind;
    const read = readRecord(opened.content.toString(), place.stamp);
    return read.kind === "record" || read.kind === "use" ? read : read.kind;
  }

  /**
   * Returns what of a record has effect. A store that lies about the time can show no old opening again. Old closings
   * and uses do no harm, and a gateway whose date is wrong obeys them.
   */
  #effective(one: UnderstoodRecord): UnderstoodRecord | undefined {
    const { clock, fleetClock } = this.#parts;
    if (one.record.until <= fleetClock.now()) return undefined;
    if (one.kind === "use" || !isOverdue(one.record, clock.wall())) return one;
    const { closed } = one.record.history;
    if (closed === noStamp) return undefined;
    return { ...one, record: { ...one.record, history: { closed, openings: [] } } };
  }

  /** Nothing was told in the future: it was told by a clock that has gone back since. */
  #inTime(one: UnderstoodRecord): UnderstoodRecord {
    const ahead = toldAt(one.record) - this.#parts.fleetClock.now();
    if (ahead <= mostDrift) return one;
    const until = movedTime(one.record.until, -ahead);
    if (one.kind === "use") return { ...one, record: { ...one.record, until } };
    const history = movedHistory(one.record.history, 0, -ahead);
    return { ...one, record: { ...one.record, until, history } };
  }
}

function toldAt({ until, left }: Pick<FleetRecord, "until" | "left">): number {
  return until - left;
}

/** Takes what is new from the room that is left. */
function resultOf(
  one: UnderstoodRecord,
  leases: SharedLeases,
  room: { holders: number; all: number },
): "merged" | "refused" {
  if (one.kind === "use" || leases.get(one.record.subject) !== undefined) return "merged";
  const isOpening = one.record.history.openings.length > 0;
  if (room.all <= 0 || (isOpening && room.holders <= 0)) return "refused";
  room.all--;
  if (one.record.subject.kind === "holder") room.holders--;
  return "merged";
}
