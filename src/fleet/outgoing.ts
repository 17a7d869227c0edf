import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { Board, ToldRow } from "./board.ts";
import { BoardError, mostRows } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import { stampOf } from "./lease-history.ts";
import { formatRecord } from "./record.ts";
import type { FleetSeal } from "./seal.ts";
import type { FleetKnowledge } from "./shared-leases.ts";
import { keyOfSubject } from "./subject.ts";

/** Milliseconds until a refused change is told again. */
const refusalPause = 1_000;

export interface OutgoingParts {
  readonly gateway: string;
  readonly seal: FleetSeal;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
}

/** What waits to be told: which subjects, not a queue of changes. Several changes of one become one record. */
export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #waiting = new Map<string, FleetKnowledge>();
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

  /** How many records were told. */
  get told(): number {
    return this.#told;
  }

  /** Why the store refuses what is told, if it does. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Tells this in a later turn of the event loop, or once there is a board. */
  add(known: FleetKnowledge): void {
    this.#waiting.set(keyOfSubject(known.subject), known);
    this.#start();
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
    const rows = batch
      .map(([key, known]) => this.#rowOf(key, known))
      .filter(({ left }) => left > 0);
    try {
      if (rows.length > 0) await board.put(rows);
    } catch (thrown) {
      const isRefused = thrown instanceof BoardError && thrown.kind === "refused";
      if (isRefused && this.#board === board) this.#pause(thrown.message);
      return false;
    }
    this.#refusal = undefined;
    this.#told += rows.length;
    // What changed meanwhile waits for the next round.
    for (const [key, known] of batch) {
      if (this.#waiting.get(key) === known) this.#waiting.delete(key);
    }
    return true;
  }

  #firstWaiting(): [string, FleetKnowledge][] {
    const first: [string, FleetKnowledge][] = [];
    for (const entry of this.#waiting) {
      if (first.length === mostRows) break;
      first.push(entry);
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

  #rowOf(key: string, known: FleetKnowledge): ToldRow {
    const { gateway, seal, clock, fleetClock } = this.#parts;
    const left = Math.max(0, Math.ceil(known.until - fleetClock.now()));
    const place = { field: seal.digest(key), stamp: stampOf(known.history) };
    const record = { ...known, origin: gateway, date: clock.wall(), left };
    return { ...place, sealed: seal.seal(place, formatRecord(record)), left };
  }
}
