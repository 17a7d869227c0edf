import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { Board, ToldRow } from "./board.ts";
import { BoardError, mostRows } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { FleetRecord } from "./record.ts";
import type { FleetSeal } from "./seal.ts";
import type { FleetStamp, FleetTime } from "./stamp.ts";

/** Milliseconds until a refused change is told again. */
const refusalPause = 1_000;

/** Subjects that may wait. */
const mostWaiting = 50_000;

export interface OutgoingParts {
  readonly gateway: string;
  readonly seal: FleetSeal;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
}

/** What may be told. */
export interface Tellable {
  readonly key: string;
  /** The digest of its key. */
  readonly field: string;
  readonly stamp: FleetStamp;
  /** When it has no more effect. */
  readonly until: FleetTime;
  /** Returns the content of its record. */
  readonly format: (telling: Pick<FleetRecord, "origin" | "date" | "left" | "asks">) => string;
  /** Told the log's entry that has it, or a later one of the same key. The other gateways are asked to acknowledge it. */
  readonly onTold?: ((id: string) => void) | undefined;
}

/** What waits, and who is told the entry that has it: those of all changes of one key since it began to wait. */
interface WaitingChange {
  readonly tellable: Tellable;
  readonly asked: Set<(id: string) => void>;
}

/** What waits to be told: which subjects, not a queue of changes. Several changes of one become one record. */
export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #waiting = new Map<string, WaitingChange>();
  #board: Board | undefined;
  #isTelling = false;
  #isPaused = false;
  #cancelRetry = () => {};
  #refusal: string | undefined;
  #told = 0;

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /** How many subjects wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Returns whether a subject waits. */
  hasWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** How many records were told. */
  get told(): number {
    return this.#told;
  }

  /** Why the store refuses what is told, if it does. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Tells this in a later turn of the event loop, or once there is a board. */
  add(tellable: Tellable): void {
    const before = this.#waiting.get(tellable.key);
    // What finds no room is missing in the table, and told when that is noticed.
    if (before === undefined && this.#waiting.size >= mostWaiting) return;
    const asked = before?.asked ?? new Set<(id: string) => void>();
    if (tellable.onTold !== undefined) asked.add(tellable.onTold);
    this.#waiting.set(tellable.key, { tellable, asked });
    this.#start();
  }

  /** Drops what has no more effect. */
  expire(): void {
    const now = this.#parts.fleetClock.now();
    for (const [key, { tellable }] of [...this.#waiting]) {
      if (tellable.until <= now) this.#waiting.delete(key);
    }
  }

  /** Tells on this board what waits, and what comes. */
  attach(board: Board): void {
    this.#board = board;
    this.#start();
  }

  /** Keeps what comes from now on. */
  detach(): void {
    this.#board = undefined;
    this.#refusal = undefined;
    this.#isPaused = false;
    this.#cancelRetry();
  }

  #start(): void {
    if (this.#isTelling || this.#isPaused || this.#board === undefined) return;
    this.#isTelling = true;
    setImmediate(() => void this.#tellAll());
  }

  async #tellAll(): Promise<void> {
    while (this.#board !== undefined && this.#waiting.size > 0) {
      const board = this.#board;
      const isTold = await this.#tellSome(board);
      if (!isTold && this.#board === board) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isTelling = false;
  }

  /** Returns whether the store took them. */
  async #tellSome(board: Board): Promise<boolean> {
    const batch = this.#firstWaiting();
    const rows = batch.map((one) => this.#rowOf(one)).filter(({ left }) => left > 0);
    // Who asks meanwhile waits for the next entry.
    const asked = batch.flatMap((one) => [...one.asked]);
    try {
      if (rows.length > 0) {
        const id = await board.put(rows);
        for (const onTold of asked) onTold(id);
      }
    } catch (thrown) {
      const isRefused = thrown instanceof BoardError && thrown.kind === "refused";
      if (isRefused && this.#board === board) this.#pause(thrown.message);
      return false;
    }
    this.#refusal = undefined;
    this.#told += rows.length;
    // What changed meanwhile waits for the next round.
    for (const one of batch) {
      const { key } = one.tellable;
      if (this.#waiting.get(key) === one) this.#waiting.delete(key);
    }
    return true;
  }

  #firstWaiting(): WaitingChange[] {
    const first: WaitingChange[] = [];
    for (const one of this.#waiting.values()) {
      if (first.length === mostRows) break;
      first.push(one);
    }
    return first;
  }

  #pause(refusal: string): void {
    this.#refusal = refusal;
    this.#isPaused = true;
    const { clock } = this.#parts;
    this.#cancelRetry = clock.wakeAt(later(clock.now(), refusalPause), () => {
      this.#isPaused = false;
      this.#start();
    });
  }

  #rowOf({ tellable, asked }: WaitingChange): ToldRow {
    const { field, stamp, until, format } = tellable;
    const { gateway, seal, clock, fleetClock } = this.#parts;
    const left = Math.max(0, Math.ceil(until - fleetClock.now()));
    const place = { field, stamp };
    const asks = asked.size > 0;
    const content = format({ origin: gateway, date: clock.wall(), left, asks });
    return { ...place, sealed: seal.seal(place, content), left };
  }
}
