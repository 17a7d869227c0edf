import { longAgo } from "../base/time.ts";
import { Acknowledgement } from "./acknowledgement.ts";
import type { Board, BoardRow, LogBatch, LogPosition, StoreFacts } from "./board.ts";
import { logStart } from "./board.ts";
import type { ClockMeasurement, FleetClock } from "./fleet-clock.ts";
import type { FleetOptions } from "./fleet-options.ts";
import type { Incoming, UnderstoodRecord } from "./incoming.ts";
import type { Orphans } from "./orphans.ts";
import type { Outgoing } from "./outgoing.ts";
import type { OwnRecords } from "./own-records.ts";
import type { Pauses } from "./pauses.ts";
import type { FleetRecord } from "./record.ts";
import { unlessRefused } from "./refusal.ts";
import type { OwnReport, Roster } from "./roster.ts";
import { heartbeatInterval } from "./roster.ts";
import type { SingleUses } from "./single-uses.ts";
import type { LogRange, UnfinishedClosings } from "./unfinished.ts";

/** Milliseconds that one look at the log waits for something new. */
const followWait = 2_000;

/** Milliseconds between two reads of the log in a large fleet. */
const largePause = 50;

/** Milliseconds between two reads of the table after gaps, and after nothing came too early: a store may be broken. */
const brokenPause = 1_000;

/** Milliseconds between two measurements of the clock at least. */
const shortestMeasurement = 1_000;

/** Milliseconds between two looks whether the table still has what this gateway told. */
const checkInterval = 60_000;

/**
 * Why the whole table is read: at the start, after a gap in the log, after the log was lost, or after a jump of the
 * store's clock.
 */
export type ResyncReason = "join" | "gap" | "lost" | "jump";

export interface FleetSessionParts
  extends Pick<
    FleetOptions,
    "clock" | "onChange" | "onUsed" | "onDelay" | "onJoined" | "onMistake"
  > {
  readonly fleetClock: FleetClock;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly own: OwnRecords;
  readonly orphans: Orphans;
  readonly uses: SingleUses;
  readonly roster: Roster;
  readonly pauses: Pauses;
  readonly unfinished: UnfinishedClosings;
  readonly onMeasured: (measurement: ClockMeasurement) => void;
  /** Told when the table was read after a jump of the store's clock. */
  readonly onJumpKnown: () => void;
  /** Told when the whole table was read. */
  readonly onResync: (why: ResyncReason) => void;
  /** Told what the store says of itself. */
  readonly onFacts: (facts: StoreFacts) => void;
  /** Told why the store refuses heartbeats, or that it does not. */
  readonly onRefusal: (why: string | undefined) => void;
  /** Drops what has no more effect. */
  readonly expire: () => void;
}

/**
 * A gateway's time with one board. Joining, rejoining, failover and catching up are one path: measure the clock, note
 * the end of the log, read the table, tell what it lacks, follow the log.
 */
export class FleetSession {
  readonly #parts: FleetSessionParts;
  readonly #board: Board;
  readonly #acknowledgement: Acknowledgement;
  #position: LogPosition = logStart;
  /** Why the table is to be read. */
  #mustRead: ResyncReason | undefined;
  #hasJumped = false;
  #measuredAt = longAgo;
  /** When the table was read after a gap. */
  #gapAt = longAgo;

  constructor(parts: FleetSessionParts, board: Board) {
    this.#parts = parts;
    this.#board = board;
    this.#acknowledgement = new Acknowledgement(() => parts.roster.tell(board, this.#report()));
  }

  /** Joins, and stays until the board is lost. Throws a `BoardError` then. */
  async run(): Promise<never> {
    const { outgoing, onJoined } = this.#parts;
    await this.#measure();
    await this.#readTable("join");
    outgoing.attach(this.#board);
    const first = this.#board.follow(this.#position, followWait);
    const tried = this.#tryRights();
    await Promise.race([tried, first.then(() => tried)]);
    onJoined();
    const [never] = await Promise.all([this.#follow(first), this.#keepUp()]);
    return never;
  }

  /** What this gateway has no right to ask is refused before it has joined, and not each time after. */
  async #tryRights(): Promise<void> {
    await this.#board.lookUp([""]);
    await this.#noteFacts();
  }

  /** A gateway can do without. */
  #noteFacts(): Promise<void> {
    return unlessRefused(this.#board.facts().then(this.#parts.onFacts));
  }

  async #measure(): Promise<void> {
    const { clock, fleetClock, uses, onMeasured } = this.#parts;
    const measurement = await fleetClock.measure(() => this.#board.time());
    this.#measuredAt = clock.now();
    uses.measured(measurement.roundTrip);
    onMeasured(measurement);
    if (measurement.jump === 0) return;
    this.#hasJumped = true;
    this.#mustRead ??= "jump";
  }

  /** Merges the whole table, and tells what it lacks of this gateway's. */
  async #readTable(why: ResyncReason): Promise<void> {
    const { incoming, own, orphans, uses, onResync, onJumpKnown } = this.#parts;
    this.#mustRead = undefined;
    const end = await this.#board.end();
    const rows: BoardRow[] = [];
    const news: UnderstoodRecord[] = [];
    for await (const part of this.#board.table()) {
      rows.push(...part);
      news.push(...incoming.read(part));
    }
    this.#position = end;
    // Together: what one part opens another one may close.
    orphans.note(this.#merge(news, [logStart.id, end.id]));
    if (this.#hasJumped) onJumpKnown();
    this.#hasJumped = false;
    own.tellMissing(rows);
    uses.tellMissing(rows);
    onResync(why);
  }

  async #follow(first: Promise<LogBatch>): Promise<never> {
    const { clock, incoming, roster, pauses, onDelay } = this.#parts;
    for (let next = first; ; next = this.#board.follow(this.#position, followWait)) {
      const [after, asked] = [this.#position, clock.now()];
      const { rows, position, hasGap } = await next;
      const records = incoming.read(rows);
      const isOld = clock.now() - this.#measuredAt > shortestMeasurement;
      if (isOld && incoming.isOutOfTime(records)) await this.#measure();
      // After a gap nothing is acknowledged before the table is read.
      if (!hasGap) this.#position = position;
      for (const delay of incoming.delays(records)) onDelay(delay);
      this.#merge(records, [after.id, position.id]);
      if (hasGap) await this.#readAfterGap();
      else if (this.#mustRead !== undefined) await this.#readTable(this.#mustRead);
      else if (rows.length === 0 && clock.now() - asked < followWait / 2) {
        await pauses.wait(brokenPause);
      }
      // The first change is heard at once, and what comes shortly after it together.
      if (rows.length > 0 && roster.isLarge) await pauses.wait(largePause);
    }
  }

  async #readAfterGap(): Promise<void> {
    const { clock, pauses } = this.#parts;
    const soon = this.#gapAt + brokenPause - clock.now();
    if (soon > 0) await pauses.wait(soon);
    this.#gapAt = clock.now();
    await this.#readTable("gap");
  }

  /** Does what is to be done from time to time, not by all gateways in one moment. */
  async #keepUp(): Promise<never> {
    const { clock, pauses, own, orphans, expire } = this.#parts;
    let checked = clock.now();
    for (;;) {
      await this.#claimUses();
      await this.#exchange();
      await pauses.wait(heartbeatInterval * (0.9 + 0.2 * Math.random()));
      await this.#measure();
      expire();
      // A log that was lost and restarted may never reach this place.
      if ((await this.#board.end()).n < this.#position.n) this.#mustRead = "lost";
      const lookUp = (fields: readonly string[]) => this.#lookUp(fields);
      await orphans.adopt(lookUp);
      if (clock.now() - checked < checkInterval) continue;
      checked = clock.now();
      await this.#noteFacts();
      // What others told may be lost, too.
      if (await own.check(lookUp)) this.#mustRead ??= "lost";
      await this.#parts.uses.check(lookUp);
    }
  }

  async #lookUp(fields: readonly string[]): Promise<readonly BoardRow[]> {
    const rows = await this.#board.lookUp(fields);
    this.#hear(rows, [logStart.id, this.#position.id]);
    return rows;
  }

  /** What a full store refuses is claimed later. */
  #claimUses(): Promise<void> {
    return unlessRefused(this.#parts.uses.attach(this.#board));
  }

  /** A store that is full still tells what it has. */
  async #exchange(): Promise<void> {
    const { roster, onRefusal } = this.#parts;
    onRefusal(undefined);
    await unlessRefused(
      roster.exchange(this.#board, () => this.#report()),
      onRefusal,
    );
  }

  #report(): OwnReport {
    const { id, n } = this.#position;
    return { read: id, n, unfinished: this.#parts.unfinished.ranges };
  }

  /** `range`: what the log says up to these rows. */
  #hear(rows: readonly BoardRow[], range: LogRange): readonly FleetRecord[] {
    return this.#merge(this.#parts.incoming.read(rows), range);
  }

  #merge(news: readonly UnderstoodRecord[], range: LogRange): readonly FleetRecord[] {
    const { incoming, own, unfinished, onChange, onUsed, onMistake } = this.#parts;
    const { records, changes, uses, asks } = incoming.merge(news);
    this.#parts.uses.heard(uses);
    for (const record of records) own.amend(record);
    const work = changes.length > 0 ? onChange(changes) : undefined;
    if (uses.length > 0) onUsed(uses);
    const answer = () => (asks ? this.#acknowledgement.give() : undefined);
    const ended = work && unfinished.add(range, work).then(answer);
    for (const one of [ended, answer()]) one?.catch((error) => onMistake?.(error));
    return records;
  }
}
