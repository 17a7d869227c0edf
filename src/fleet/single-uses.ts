import type { Clock } from "../base/clock.ts";
import type { Board, BoardRow } from "./board.ts";
import { BoardError } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { UnusedLine } from "./list-marks.ts";
import { formatMark, judgeMark } from "./list-marks.ts";
import type { Outgoing } from "./outgoing.ts";
import type { FleetSeal } from "./seal.ts";
import type { LineUse, SingleUse } from "./single-use.ts";
import { formatUse, keyOfUse } from "./single-use.ts";
import type { FleetStamp, FleetTime } from "./stamp.ts";
import { fleetTime, movedTime, noStamp, openingStamp } from "./stamp.ts";

/**
 * What became of a claim.
 * - `mine`: this gateway may open; the others are told
 * - `used`: another gateway has it
 * - `unclaimed`: the store did not answer in time, or refused
 */
export type ClaimResult = "mine" | "used" | "unclaimed";

/** What is to be used, and how long it would be good: milliseconds. */
export interface ClaimedUse {
  readonly use: SingleUse;
  readonly life: number;
  /** Of a line: those of its list that are after it, and not used yet. */
  readonly unused?: readonly UnusedLine[];
}

/** Milliseconds for a claim: beside three round trips, at least and at most. */
const limits = { beside: 20, least: 50, most: 1_000 } as const;

/** How often the mark of a list may change under a claim. */
const mostTries = 3;

/** Uses without a claim that are claimed later. */
const mostUnclaimed = 10_000;

export interface SingleUsesParts {
  readonly seal: FleetSeal;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
  readonly outgoing: Outgoing;
  /** Told of a use without a claim that turned out to be another gateway's, too. */
  readonly onDoubleUse: (use: SingleUse) => void;
}

/** What this gateway used, and until when that has effect. */
interface ToldUse {
  readonly use: SingleUse;
  readonly stamp: FleetStamp;
  readonly until: FleetTime;
}

type UnclaimedUse = ClaimedUse & { readonly until: FleetTime };

/** What this gateway uses that is good once in the whole fleet. */
export class SingleUses {
  readonly #parts: SingleUsesParts;
  /** No other start of a gateway has the same. */
  readonly #owner: string;
  /** What was told and still has effect. */
  readonly #told = new Map<string, ToldUse>();
  /** The marks of lists as they were last. */
  readonly #marks = new Map<string, string>();
  readonly #unclaimed = new Set<UnclaimedUse>();
  #board: Board | undefined;
  #roundTrip = 0;

  constructor(parts: SingleUsesParts, owner: string) {
    this.#parts = parts;
    this.#owner = parts.seal.digest(`owner\0${owner}`);
  }

  /** How many uses are to be claimed later. */
  get unclaimed(): number {
    return this.#unclaimed.size;
  }

  /** Claims in time, or says that it could not. What is `mine` is told. */
  async claim(claimed: ClaimedUse): Promise<ClaimResult> {
    if (this.#board === undefined) return "unclaimed";
    try {
      if (!(await this.#ask(this.#board, claimed))) return "used";
    } catch (thrown) {
      if (thrown instanceof BoardError) return "unclaimed";
      throw thrown;
    }
    this.tell(claimed);
    return "mine";
  }

  /** Claims what was used without a claim, once there is a store. */
  claimLater(claimed: ClaimedUse): void {
    if (this.#unclaimed.size >= mostUnclaimed) return;
    const until = fleetTime(this.#parts.fleetClock.now() + claimed.life);
    this.#unclaimed.add({ ...claimed, until });
  }

  /** Tells the others, who refuse it then even if the store forgets. */
  tell({ use, life }: ClaimedUse): void {
    const now = this.#parts.fleetClock.now();
    const key = keyOfUse(use);
    const stamp = openingStamp(now, this.#told.get(key)?.stamp ?? noStamp);
    const told = { use, stamp, until: movedTime(now, Math.ceil(life)) };
    this.#told.set(key, told);
    this.#send(told);
  }

  /**
   * Moves all ends by so many milliseconds: the clock was another one when they were told. Raises stamps, too. Tells
   * all again.
   */
  move(milliseconds: number, stamps: number): void {
    for (const [key, { use, stamp, until }] of [...this.#told]) {
      const moved = {
        use,
        stamp: (stamp + stamps) as FleetStamp,
        until: movedTime(until, milliseconds),
      };
      this.#told.set(key, moved);
      this.#send(moved);
    }
    const unclaimed = [...this.#unclaimed];
    this.#unclaimed.clear();
    for (const one of unclaimed) {
      this.#unclaimed.add({ ...one, until: movedTime(one.until, milliseconds) });
    }
  }

  /** Tells what of this gateway's these rows, which are the whole table, do not have. */
  tellMissing(rows: readonly BoardRow[]): void {
    const { seal } = this.#parts;
    const stamps = new Map(rows.map(({ field, stamp }) => [field, stamp]));
    for (const [key, told] of this.#told) {
      if ((stamps.get(seal.digest(key)) ?? noStamp) < told.stamp) this.#send(told);
    }
  }

  /** Drops what has no more effect. */
  expire(): void {
    const now = this.#parts.fleetClock.now();
    for (const [key, { until }] of this.#told) if (until <= now) this.#told.delete(key);
  }

  /** `roundTrip`: milliseconds from a question to its answer, as measured last. */
  measured(roundTrip: number): void {
    this.#roundTrip = roundTrip;
  }

  /** Claims with this board from now on, at first what was used without a claim. Throws a `BoardError`. */
  async attach(board: Board): Promise<void> {
    this.#board = board;
    for (const claimed of this.#unclaimed) {
      const life = claimed.until - this.#parts.fleetClock.now();
      const isOver = life <= 0;
      const isMine = isOver || (await this.#ask(board, { ...claimed, life }));
      this.#unclaimed.delete(claimed);
      if (!isMine) this.#parts.onDoubleUse(claimed.use);
      else if (!isOver) this.tell({ ...claimed, life });
    }
  }

  detach(): void {
    this.#board = undefined;
  }

  #send({ use, stamp, until }: ToldUse): void {
    this.#parts.outgoing.add({
      ...{ key: keyOfUse(use), stamp, until },
      format: ({ origin, date, left }) => formatUse({ use, until, origin, date, left }),
    });
  }

  /** Returns whether this gateway has it now. Throws a `BoardError`. */
  #ask(board: Board, { use, life, unused = [] }: ClaimedUse): Promise<boolean> {
    const { beside, least, most } = limits;
    const limit = Math.min(Math.max(least, beside + 3 * this.#roundTrip), most);
    if (use.kind === "line") return this.#mark(board, use, unused, limit);
    return board.claim(this.#parts.seal.digest(keyOfUse(use)), this.#owner, life, limit);
  }

  async #mark(
    board: Board,
    use: LineUse,
    unused: readonly UnusedLine[],
    limit: number,
  ): Promise<boolean> {
    const { seal, clock } = this.#parts;
    const end = clock.now() + limit;
    const digestOf = (sequence: string) => seal.digest(`line\0${sequence}`);
    const list = seal.digest(keyOfUse(use));
    const mark = formatMark(use.offset, digestOf(use.sequence), this.#owner);
    let expected = this.#marks.get(list);
    for (let i = 0; i < mostTries; i++) {
      const held = await board.mark(list, mark, expected, Math.max(1, end - clock.now()));
      this.#marks.set(list, held ?? mark);
      if (held === undefined) return true;
      if (judgeMark(held, use, unused, digestOf) === "used") return false;
      expected = held;
    }
    throw new BoardError("late", "the mark of the list changes all the time");
  }
}
