import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { Board } from "./board.ts";
import { BoardError } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { OwnRecords } from "./own-records.ts";
import { Pauses } from "./pauses.ts";
import type { Roster } from "./roster.ts";
import type { SharedLeases } from "./shared-leases.ts";
import type { FleetSubject } from "./subject.ts";
import { hasEnded } from "./unfinished.ts";

/** What came of a closing at all gateways. */
export interface ClosingReport {
  /** Whether the store has it: those that are away hear of it when they are back. */
  readonly isTold: boolean;
  /** The gateways at which it has ended, this one among them. */
  readonly acknowledged: readonly string[];
  /** Those at which it may be open, and how long ago each was heard of: milliseconds. */
  readonly missing: readonly { readonly gateway: string; readonly seen: number }[];
  /** Until the last opening that is known of what was closed ends by itself: milliseconds. */
  readonly left: number;
}

export interface ClosingConfirmationParts {
  readonly gateway: string;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
  readonly leases: SharedLeases;
  readonly own: OwnRecords;
  readonly roster: Roster;
  /** The board, while there is one. */
  readonly board: () => Board | undefined;
}

/** Milliseconds for all acknowledgements. */
const patience = 5_000;

/** Milliseconds between two looks, at first and at most. */
const firstPause = 5;
const longestPause = 250;

/** Milliseconds after which a gateway that is away is not named any more: a day. */
const missedFor = 24 * 3_600_000;

/** Closes in the whole fleet, and waits until all gateways say that they have. */
export class ClosingConfirmation {
  readonly #parts: ClosingConfirmationParts;
  readonly #pauses: Pauses;
  #isStopped = false;

  constructor(parts: ClosingConfirmationParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
  }

  /** As `Fleet.closed`. Waits no longer than 5 s. */
  async close(subject: FleetSubject, length: number): Promise<ClosingReport> {
    const { clock, fleetClock, leases, own } = this.#parts;
    const end = leases.endIn(subject, fleetClock.now());
    let entry: string | undefined;
    own.tell(leases.close(subject, fleetClock.now(), Math.ceil(length)), (id) => {
      entry = id;
      this.#pauses.endAll();
    });
    const deadline = later(clock.now(), patience);
    let pause = firstPause;
    while (!this.#isStopped && clock.now() < deadline) {
      if (entry !== undefined && (await this.#isEverywhere(entry))) break;
      const left = deadline - clock.now();
      await this.#pauses.wait(Math.min(entry === undefined ? left : pause, left));
      pause = Math.min(2 * pause, longestPause);
    }
    return this.#report(entry, end - fleetClock.now());
  }

  /** Ends all that waits. */
  stop(): void {
    this.#isStopped = true;
    this.#pauses.endAll();
  }

  /** Reads the heartbeats. Returns whether all gateways that are up have ended the closing. */
  async #isEverywhere(entry: string): Promise<boolean> {
    const { board, roster } = this.#parts;
    const store = board();
    if (store === undefined) return false;
    try {
      await roster.hear(store);
    } catch (thrown) {
      if (thrown instanceof BoardError) return false;
      throw thrown;
    }
    return this.#others().every((one) => isEnded(one, entry) || !roster.isUp(one));
  }

  #report(entry: string | undefined, left: number): ClosingReport {
    const { gateway, fleetClock } = this.#parts;
    const seen = ({ at }: Heartbeat) => Math.max(0, fleetClock.now() - at);
    const isDone = (one: Heartbeat) => entry !== undefined && isEnded(one, entry);
    return {
      isTold: entry !== undefined,
      acknowledged: [gateway, ...this.#others().filter(isDone).map(nameOf)].sort(),
      missing: this.#others()
        .filter((one) => !isDone(one) && seen(one) < missedFor)
        .map((one) => ({ gateway: one.gateway, seen: seen(one) })),
      left: Math.max(0, left),
    };
  }

  #others(): Heartbeat[] {
    const { gateway, roster } = this.#parts;
    return roster.heartbeats.filter((one) => one.gateway !== gateway);
  }
}

function isEnded({ read, unfinished }: Heartbeat, entry: string): boolean {
  return hasEnded(entry, read, unfinished);
}

function nameOf({ gateway }: Heartbeat): string {
  return gateway;
}
