import type { Clock } from "../base/clock.ts";
import type { Board, BoardRow } from "./board.ts";
import { BoardError } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { UnusedLine } from "./list-marks.ts";
import { formatMark, judgeMark } from "./list-marks.ts";
import type { Outgoing } from "./outgoing.ts";
import { partsOf } from "./parts.ts";
import type { FleetSeal } from "./seal.ts";
import type { LineUse, SingleUse } from "./single-use.ts";
import { isSameUse, keyOfUse } from "./single-use.ts";
import type { FleetTime } from "./stamp.ts";
import { movedTime } from "./stamp.ts";
import { ToldUses } from "./told-uses.ts";

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

/** Milliseconds for a claim: beside three round trips or writes, at least and at most. */
const limits = { beside: 20, least: 50, most: 1_000 } as const;

/** How often the mark of a list may change under a claim. */
const mostTries = 3;

/** Packets that are claimed later, at once. */
const claimedAtOnce = 64;

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

type UnclaimedUse = ClaimedUse & { readonly until: FleetTime };

/** What this gateway uses that is good once in the whole fleet. */
export class SingleUses {
  readonly #parts: SingleUsesParts;
  /** No other start of a gateway has the same. */
  readonly #owner: string;
  readonly #told: ToldUses;
  /** The marks of lists as they were last. */
  readonly #marks = new Map<string, string>();
  readonly #unclaimed = new Set<UnclaimedUse>();
  /** Claims that wait for the store, and whether another gateway's use of the same was heard of meanwhile. */
  readonly #pending = new Set<{ readonly use: SingleUse; isHeard: boolean }>();
  readonly #counts = { mine: 0, used: 0, unclaimed: 0 };
  #board: Board | undefined;
  #roundTrip = 0;
  #writeTime = 0;

  constructor(parts: SingleUsesParts, owner: string) {
    this.#parts = parts;
    this.#told = new ToldUses(parts);
    this.#owner = parts.seal.digest(`owner\0${owner}`);
  }

  /** How many uses are to be claimed later. */
  get unclaimed(): number {
    return this.#unclaimed.size;
  }

  /** How many claims had which result. */
  get counts(): Readonly<Record<ClaimResult, number>> {
    return this.#counts;
  }

  /** Claims in time, or says that it could not. What is `mine` is told. */
  async claim(claimed: ClaimedUse): Promise<ClaimResult> {
    const result = await this.#claim(claimed);
    this.#counts[result]++;
    return result;
  }

  async #claim(claimed: ClaimedUse): Promise<ClaimResult> {
    if (this.#board === undefined) return "unclaimed";
    const pending = { use: claimed.use, isHeard: false };
    this.#pending.add(pending);
    try {
      if (!(await this.#ask(this.#board, claimed))) return "used";
    } catch (thrown) {
      if (thrown instanceof BoardError) return pending.isHeard ? "used" : "unclaimed";
      throw thrown;
    } finally {
      this.#pending.delete(pending);
    }
    this.#told.tell(claimed.use, claimed.life, true);
    return "mine";
  }

  /** Claims what was used without a claim, once there is a store. */
  claimLater(claimed: ClaimedUse): void {
    if (this.#unclaimed.size >= mostUnclaimed) return;
    const until = movedTime(this.#parts.fleetClock.now(), claimed.life);
    this.#unclaimed.add({ ...claimed, until });
  }

  /** Tells the others of a use that needed no claim: they refuse it from then on. */
  tell({ use, life }: ClaimedUse): void {
    this.#told.tell(use, life, false);
  }

  /** Takes note of what others used: whatever the store said, what this gateway claimed is its own. */
  heard(uses: readonly SingleUse[]): void {
    for (const pending of this.#pending) {
      pending.isHeard ||= uses.some((use) => isSameUse(use, pending.use));
    }
    for (const use of this.#told.usedTwice(uses)) this.#parts.onDoubleUse(use);
  }

  /**
   * Moves all ends by so many milliseconds: the clock was another one when they were told. Raises stamps, too. Tells
   * all again.
   */
  move(milliseconds: number, stamps: number): void {
    this.#told.move(milliseconds, stamps);
    const unclaimed = [...this.#unclaimed];
    this.#unclaimed.clear();
    for (const one of unclaimed) {
      this.#unclaimed.add({ ...one, until: movedTime(one.until, milliseconds) });
    }
  }

  /** Tells what of this gateway's these rows, which are the whole table, do not have. */
  tellMissing(rows: readonly BoardRow[]): void {
    this.#told.tellMissing(rows);
  }

  /** As `OwnRecords.check`. */
  check(lookUp: (fields: readonly string[]) => Promise<readonly BoardRow[]>): Promise<void> {
    return this.#told.check(lookUp);
  }

  /** Drops what has no more effect. */
  expire(): void {
    this.#told.expire();
  }

  /** `roundTrip`: milliseconds from a question to its answer, as measured last. */
  measured(roundTrip: number): void {
    this.#roundTrip = roundTrip;
  }

  /** `milliseconds`: until the store had written something, last; a disk may take longer than the way. */
  written(milliseconds: number): void {
    this.#writeTime = milliseconds;
  }

  /** Claims with this board from now on, at first what was used without a claim. Throws a `BoardError`. */
  async attach(board: Board): Promise<void> {
    this.#board = board;
    const unclaimed = [...this.#unclaimed];
    const packets = unclaimed.filter(({ use }) => use.kind === "packet");
    for (const part of partsOf(packets, claimedAtOnce)) {
      await Promise.all(part.map((one) => this.#claimNow(board, one)));
    }
    // Lines of a list are claimed in their order.
    for (const one of unclaimed) if (one.use.kind === "line") await this.#claimNow(board, one);
  }

  detach(): void {
    this.#board = undefined;
  }

  async #claimNow(board: Board, claimed: UnclaimedUse): Promise<void> {
    const life = claimed.until - this.#parts.fleetClock.now();
    const isOver = life <= 0;
    const isMine = isOver || (await this.#ask(board, { ...claimed, life }));
    this.#unclaimed.delete(claimed);
    if (!isMine) this.#parts.onDoubleUse(claimed.use);
    else if (!isOver) this.#told.tell(claimed.use, life, true);
  }

  /**
   * Returns whether this gateway has it now. While a key of the fleet is replaced it asks under each of its keys: all
   * gateways share one of them. Throws a `BoardError`.
   */
  async #ask(board: Board, claimed: ClaimedUse): Promise<boolean> {
    const { seal, clock } = this.#parts;
    const { beside, least, most } = limits;
    const slowest = Math.max(this.#roundTrip, this.#writeTime);
    const end = clock.now() + Math.min(Math.max(least, beside + 3 * slowest), most);
    for (const digest of seal.digests) {
      if (!(await this.#askAs(board, claimed, digest, end))) return false;
    }
    return true;
  }

  /** `digest`: gives names. `end`: when it is late, by the clock. */
  #askAs(
    board: Board,
    { use, life, unused = [] }: ClaimedUse,
    digest: (text: string) => string,
    end: number,
  ): Promise<boolean> {
    if (use.kind === "line") return this.#mark(board, use, unused, digest, end);
    return board.claim(digest(keyOfUse(use)), this.#owner, life, this.#until(end));
  }

  async #mark(
    board: Board,
    use: LineUse,
    unused: readonly UnusedLine[],
    digest: (text: string) => string,
    end: number,
  ): Promise<boolean> {
    const digestOf = (sequence: string) => digest(`line\0${sequence}`);
    const list = digest(keyOfUse(use));
    const mark = formatMark(use.offset, digestOf(use.sequence), this.#owner);
    let expected = this.#marks.get(list);
    for (let i = 0; i < mostTries; i++) {
      const held = await board.mark(list, mark, expected, this.#until(end));
      this.#marks.set(list, held ?? mark);
      if (held === undefined) return true;
      if (judgeMark(held, use, unused, digestOf) === "used") return false;
      expected = held;
    }
    throw new BoardError("late", "the mark of the list changes all the time");
  }

  #until(end: number): number {
    return Math.max(1, end - this.#parts.clock.now());
  }
}
