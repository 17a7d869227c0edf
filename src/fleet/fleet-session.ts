import type { Board, BoardRow, LogPosition } from "./board.ts";
import { BoardError } from "./board.ts";
import type { ClockMeasurement, FleetClock } from "./fleet-clock.ts";
import type { FleetOptions } from "./fleet-options.ts";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";
import type { OwnRecords } from "./own-records.ts";
import type { Pauses } from "./pauses.ts";
import type { Roster } from "./roster.ts";
import { heartbeatInterval } from "./roster.ts";
import type { SharedLeases } from "./shared-leases.ts";
import type { SingleUses } from "./single-uses.ts";

/** Milliseconds that one look at the log waits for something new. */
const followWait = 2_000;

/** Milliseconds between two looks whether the table still has what this gateway told. */
const checkInterval = 60_000;

export interface FleetSessionParts
  extends Pick<FleetOptions, "clock" | "onChange" | "onUsed" | "onJoined"> {
  readonly fleetClock: FleetClock;
  readonly leases: SharedLeases;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly own: OwnRecords;
  readonly uses: SingleUses;
  readonly roster: Roster;
  readonly pauses: Pauses;
  readonly onMeasured: (measurement: ClockMeasurement) => void;
  /** Told when the whole table was read. */
  readonly onResync: () => void;
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
  #position: LogPosition | undefined;
  #mustResync = false;

  constructor(parts: FleetSessionParts, board: Board) {
    this.#parts = parts;
    this.#board = board;
  }

  /** Joins, and stays until the board is lost. Throws a `BoardError` then. */
  async run(): Promise<never> {
    const { outgoing, onJoined } = this.#parts;
    await this.#measure();
    await this.#readTable();
    outgoing.attach(this.#board);
    onJoined();
    const [never] = await Promise.all([this.#follow(), this.#keepUp()]);
    return never;
  }

  async #measure(): Promise<void> {
    const { fleetClock, uses, onMeasured } = this.#parts;
    const measurement = await fleetClock.measure(() => this.#board.time());
    uses.measured(measurement.roundTrip);
    onMeasured(measurement);
  }

  /** Merges the whole table, and tells what it lacks of this gateway's. */
  async #readTable(): Promise<void> {
    const { own, uses, onResync } = this.#parts;
    this.#position = await this.#board.end();
    const rows: BoardRow[] = [];
    for await (const part of this.#board.table()) rows.push(...part);
    this.#hear(rows);
    own.tellMissing(rows);
    uses.tellMissing(rows);
    onResync();
  }

  async #follow(): Promise<never> {
    for (;;) {
      const after = this.#position ?? (await this.#board.end());
      const { rows, position, hasGap } = await this.#board.follow(after, followWait);
      this.#position = position;
      this.#hear(rows);
      if (!hasGap && !this.#mustResync) continue;
      this.#mustResync = false;
      await this.#readTable();
    }
  }

  /** Does what is to be done from time to time. */
  async #keepUp(): Promise<never> {
    const { clock, pauses, own, expire } = this.#parts;
    let checked = clock.now();
    for (;;) {
      await this.#claimUses();
      await this.#exchange();
      await pauses.wait(heartbeatInterval);
      await this.#measure();
      expire();
      // A log that was lost and begun anew may never get to this place.
      const place = this.#position?.n ?? 0;
      if ((await this.#board.end()).n < place) this.#mustResync = true;
      if (clock.now() - checked < checkInterval) continue;
      checked = clock.now();
      await own.check(async (fields) => {
        const rows = await this.#board.lookUp(fields);
        this.#hear(rows);
        return rows;
      });
    }
  }

  /** What a full store refuses is claimed later. */
  #claimUses(): Promise<void> {
    return unlessRefused(this.#parts.uses.attach(this.#board));
  }

  /** A store that is full still tells what it has. */
  async #exchange(): Promise<void> {
    const { roster, leases, onRefusal } = this.#parts;
    const own = { read: this.#position?.id ?? "", holders: leases.size };
    onRefusal(undefined);
    await unlessRefused(roster.exchange(this.#board, own), onRefusal);
  }

  #hear(rows: readonly BoardRow[]): void {
    const { incoming, own, onChange, onUsed } = this.#parts;
    const { records, changes, uses } = incoming.hear(rows);
    for (const record of records) own.amend(record);
    if (changes.length > 0) onChange(changes);
    if (uses.length > 0) onUsed(uses);
  }
}

/** Throws what is no refusal. */
async function unlessRefused(
  work: Promise<void>,
  onRefusal: (why: string) => void = () => {},
): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!(thrown instanceof BoardError) || thrown.kind === "lost") throw thrown;
    onRefusal(thrown.message);
  }
}
