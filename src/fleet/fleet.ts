import { reason } from "../base/errors.ts";
import type { Board, BoardRow, LogPosition } from "./board.ts";
import { BoardError } from "./board.ts";
import { FleetClock } from "./fleet-clock.ts";
import type { FleetOptions } from "./fleet-options.ts";
import type { FleetState } from "./fleet-state.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { OwnRecords } from "./own-records.ts";
import { Pauses } from "./pauses.ts";
import { heartbeatInterval, Roster } from "./roster.ts";
import { SharedLeases } from "./shared-leases.ts";
import { SingleUses } from "./single-uses.ts";
import type { FleetTime } from "./stamp.ts";
import { fleetTime } from "./stamp.ts";
import type { FleetSubject, HolderSubject } from "./subject.ts";

/** Milliseconds that one look at the log waits for something new. */
const followWait = 2_000;

/** Milliseconds between two looks whether the table still has what this gateway told. */
const checkInterval = 60_000;

/** Milliseconds between two attempts to connect, at first and at most; half to one and a half of it, at random. */
const firstPause = 50;
const longestPause = 1_000;

/** Milliseconds after which a store counts as one that lasts: the next pause is the first one again. */
const lasting = 10_000;

/**
 * A gateway's part in a fleet: tells what is done here, and hears of what is done elsewhere. Joining, rejoining,
 * failover and catching up are one path: measure the clock, note the end of the log, read the table, tell what it
 * lacks, follow the log. Without a store the gateway goes on alone.
 */
export class Fleet {
  readonly roster: Roster;
  readonly uses: SingleUses;
  readonly #options: FleetOptions;
  readonly #leases = new SharedLeases();
  readonly #fleetClock: FleetClock;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #own: OwnRecords;
  readonly #pauses: Pauses;
  #board: Board | undefined;
  #position: LogPosition | undefined;
  #mustResync = false;
  #isStopped = false;
  #isJoined = false;
  #failure: string | undefined;
  #resyncs = 0;
  #clockJump = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#pauses = new Pauses(options.clock);
    this.#fleetClock = new FleetClock(options.clock);
    const parts = { ...options, fleetClock: this.#fleetClock, leases: this.#leases };
    this.roster = new Roster(parts);
    this.#incoming = new Incoming(parts);
    this.#outgoing = new Outgoing(parts);
    this.uses = new SingleUses({ ...parts, outgoing: this.#outgoing }, this.roster.start);
    this.#own = new OwnRecords(this.#leases, this.#outgoing, options.seal);
  }

  get state(): FleetState {
    const { waiting, told, refusal } = this.#outgoing;
    return {
      isJoined: this.#isJoined,
      failure: this.#failure ?? refusal,
      ...{ waiting, told, unclaimed: this.uses.unclaimed, incoming: this.#incoming.counts },
      ...{ resyncs: this.#resyncs, clockJump: this.#clockJump },
    };
  }

  /** Returns the store's time, as far as it is known. */
  now(): FleetTime {
    return this.#fleetClock.now();
  }

  /** Returns until when a holder stays, or undefined if no opening lives. */
  endOf(holder: HolderSubject): FleetTime | undefined {
    return this.#leases.endOf(holder);
  }

  /** Tells that a holder was let in here, for `length` milliseconds from now. */
  opened(holder: HolderSubject, length: number): void {
    const now = this.now();
    this.#own.tell(this.#leases.open(holder, now, fleetTime(now + Math.ceil(length))));
  }

  /** Tells what the kernel opened `age` milliseconds ago while no daemon ran, for `left` from now. */
  adopted(holder: HolderSubject, age: number, left: number): void {
    const now = this.now();
    const since = fleetTime(now - Math.ceil(age));
    this.#own.tell(this.#leases.adopt(holder, now, since, fleetTime(now + Math.ceil(left))));
  }

  /** Tells a closing. `length`: milliseconds that an opening lasts at most of which this gateway does not know. */
  closed(subject: FleetSubject, length: number): void {
    this.#own.tell(this.#leases.close(subject, this.now(), Math.ceil(length)));
  }

  /** Takes part until `stop`. Resolves then. */
  async run(): Promise<void> {
    const { clock, connect } = this.#options;
    let pause = firstPause;
    while (!this.#isStopped) {
      const started = clock.now();
      try {
        this.#board = await connect();
        await this.#takePart(this.#board);
      } catch (thrown) {
        this.#lose(reason(thrown));
      }
      if (clock.now() - started > lasting) pause = firstPause;
      if (!this.#isStopped) await this.#pauses.wait(pause * (0.5 + Math.random()));
      pause = Math.min(2 * pause, longestPause);
    }
  }

  /** Leaves the fleet. What waits is not told. */
  stop(): void {
    this.#isStopped = true;
    this.#lose("this gateway has left");
  }

  async #takePart(board: Board): Promise<void> {
    if (this.#isStopped) board.close();
    await this.#measure(board);
    this.#position = await board.end();
    await this.#readTable(board);
    this.#isJoined = true;
    this.#failure = undefined;
    this.#outgoing.attach(board);
    this.#options.onJoined();
    await Promise.all([this.#follow(board), this.#keepUp(board)]);
  }

  /** What a full store refuses is claimed later. */
  async #claimUses(board: Board): Promise<void> {
    try {
      await this.uses.attach(board);
    } catch (thrown) {
      if (!(thrown instanceof BoardError) || thrown.kind === "lost") throw thrown;
    }
  }

  #lose(why: string): void {
    this.#board?.close();
    this.#board = undefined;
    this.#outgoing.detach();
    this.uses.detach();
    const isNews = this.#isJoined || this.#failure === undefined;
    this.#isJoined = false;
    this.#failure = why;
    this.#pauses.endAll();
    if (isNews && !this.#isStopped) this.#options.onLost(why);
  }

  async #measure(board: Board): Promise<void> {
    const { jump, roundTrip } = await this.#fleetClock.measure(() => board.time());
    this.uses.measured(roundTrip);
    if (jump !== 0) this.#clockJump = jump;
  }

  /** Merges the whole table, and tells what it lacks of this gateway's. */
  async #readTable(board: Board): Promise<void> {
    const rows: BoardRow[] = [];
    for await (const part of board.table()) rows.push(...part);
    this.#hear(rows);
    this.#own.tellMissing(rows);
    this.uses.tellMissing(rows);
    this.#resyncs++;
  }

  async #follow(board: Board): Promise<never> {
    for (;;) {
      const after = this.#position ?? (await board.end());
      const { rows, position, hasGap } = await board.follow(after, followWait);
      this.#position = position;
      this.#hear(rows);
      if (!hasGap && !this.#mustResync) continue;
      this.#mustResync = false;
      this.#position = await board.end();
      await this.#readTable(board);
    }
  }

  /** Does what is to be done from time to time. */
  async #keepUp(board: Board): Promise<never> {
    const { clock } = this.#options;
    let checked = clock.now();
    for (;;) {
      await this.#claimUses(board);
      await this.#exchange(board);
      await this.#pauses.wait(heartbeatInterval);
      await this.#measure(board);
      this.#leases.expire(this.now());
      this.#own.expire();
      this.uses.expire();
      // A log that was lost and begun anew may never get to this place.
      const place = this.#position?.n ?? 0;
      if ((await board.end()).n < place) this.#mustResync = true;
      if (clock.now() - checked < checkInterval) continue;
      checked = clock.now();
      await this.#own.check(async (fields) => {
        const rows = await board.lookUp(fields);
        this.#hear(rows);
        return rows;
      });
    }
  }

  /** A store that is full still tells what it has. */
  async #exchange(board: Board): Promise<void> {
    const own = { read: this.#position?.id ?? "", holders: this.#leases.size };
    try {
      await this.roster.exchange(board, own);
      this.#failure = undefined;
    } catch (thrown) {
      if (!(thrown instanceof BoardError) || thrown.kind === "lost") throw thrown;
      this.#failure = thrown.message;
    }
  }

  #hear(rows: readonly BoardRow[]): void {
    const { records, changes, uses } = this.#incoming.hear(rows);
    for (const record of records) this.#own.amend(record);
    if (changes.length > 0) this.#options.onChange(changes);
    if (uses.length > 0) this.#options.onUsed(uses);
  }
}
