import { reason } from "../base/errors.ts";
import type { Board, StoreFacts } from "./board.ts";
import { BoardError } from "./board.ts";
import type { ClosingReport } from "./closing-confirmation.ts";
import { ClosingConfirmation } from "./closing-confirmation.ts";
import type { ClockMeasurement } from "./fleet-clock.ts";
import { FleetClock } from "./fleet-clock.ts";
import type { FleetOptions } from "./fleet-options.ts";
import type { FleetSessionParts } from "./fleet-session.ts";
import { FleetSession } from "./fleet-session.ts";
import type { FleetState } from "./fleet-state.ts";
import { Incoming } from "./incoming.ts";
import type { LivingHolder } from "./knowledge.ts";
import type { PastClosing, RestoredHolder } from "./local-leases.ts";
import { LocalLeases } from "./local-leases.ts";
import { Orphans } from "./orphans.ts";
import { Outgoing } from "./outgoing.ts";
import { OwnRecords } from "./own-records.ts";
import { Pauses } from "./pauses.ts";
import { Roster } from "./roster.ts";
import { SharedLeases } from "./shared-leases.ts";
import { SingleUses } from "./single-uses.ts";
import type { FleetStamp, FleetTime } from "./stamp.ts";
import type { FleetSubject, HolderSubject } from "./subject.ts";
import { UnfinishedClosings } from "./unfinished.ts";

/** Milliseconds between two attempts to connect, at first and at most; half to one and a half of it, at random. */
const firstPause = 50;
const longestPause = 1_000;

/** Milliseconds after which a store counts as one that lasts: the next pause is the first one again. */
const lasting = 10_000;

/**
 * A gateway's part in a fleet: tells what is done here, and hears of what is done elsewhere. Without a store the
 * gateway goes on alone.
 */
export class Fleet {
  readonly roster: Roster;
  readonly uses: SingleUses;
  readonly #options: FleetOptions;
  readonly #leases: SharedLeases;
  readonly #local: LocalLeases;
  readonly #confirmation: ClosingConfirmation;
  readonly #session: FleetSessionParts;
  #board: Board | undefined;
  #isStopped = false;
  #isJoined = false;
  /** Why there is no board. */
  #failure: string | undefined;
  /** What the board refuses. */
  #refusal: string | undefined;
  readonly #resyncs = { join: 0, gap: 0, lost: 0, jump: 0 };
  #facts: StoreFacts | undefined;
  #clockJump = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    const leases = new SharedLeases(options.gateway);
    const fleetClock = new FleetClock(options.clock);
    this.#leases = leases;
    const parts = { ...options, fleetClock, leases };
    const outgoing = new Outgoing(parts);
    const own = new OwnRecords(leases, outgoing, options.seal);
    this.roster = new Roster({ ...parts, onWritten: (took) => this.uses.written(took) });
    this.uses = new SingleUses({ ...parts, outgoing }, this.roster.start);
    this.#local = new LocalLeases({ ...parts, own });
    this.#confirmation = new ClosingConfirmation({
      ...{ ...parts, own, roster: this.roster },
      board: () => this.#board,
    });
    this.#session = {
      ...parts,
      ...{ own, outgoing, uses: this.uses, roster: this.roster },
      orphans: new Orphans(leases, own, options.seal),
      incoming: new Incoming(parts),
      pauses: new Pauses(options.clock),
      onJoined: () => this.#join(),
      onMeasured: (measurement) => this.#measured(measurement),
      onJumpKnown: () => this.#local.renew(),
      unfinished: new UnfinishedClosings(),
      onResync: (why) => this.#resyncs[why]++,
      onFacts: (facts) => {
        this.#facts = facts;
      },
      onRefusal: (why) => {
        this.#refusal = why;
      },
      expire: () => this.#expire(),
    };
  }

  get state(): FleetState {
    const { outgoing, incoming } = this.#session;
    const { waiting, told, refusal } = outgoing;
    return {
      isJoined: this.#isJoined,
      failure: this.#failure ?? this.#refusal ?? refusal,
      ...{ waiting, told, unclaimed: this.uses.unclaimed, incoming: incoming.counts },
      ...{
        claims: this.uses.counts,
        resyncs: this.#resyncs,
        facts: this.#facts,
        clockJump: this.#clockJump,
      },
    };
  }

  /** Returns the store's time, as far as it is known. */
  now(): FleetTime {
    return this.#session.fleetClock.now();
  }

  /** Returns until when a holder stays, or undefined if no opening lives. */
  endOf(holder: HolderSubject): FleetTime | undefined {
    return this.#leases.endOf(holder);
  }

  /** Returns the holders for whom a door is open in the fleet, here or elsewhere. */
  living(): readonly LivingHolder[] {
    return this.#leases.living(this.now());
  }

  /**
   * Tells that a holder was let in here, for `length` milliseconds from now. Returns the stamp of the opening that
   * ends last, or undefined until the store was joined once: `onStamped` is told then.
   */
  opened(holder: HolderSubject, length: number): FleetStamp | undefined {
    return this.#local.opened(holder, length);
  }

  /**
   * Tells what the kernel opened `age` milliseconds ago while no daemon ran, for `left` from now, or what the journal
   * kept without a stamp. Returns as `opened` does.
   */
  adopted(holder: HolderSubject, age: number, left: number): FleetStamp | undefined {
    return this.#local.adopted(holder, age, left);
  }

  /** Tells a closing. `length`: milliseconds that an opening lasts at most of which this gateway does not know. */
  closed(subject: FleetSubject, length: number): void {
    this.#local.closed(subject, length);
  }

  /** Tells what was closed before there was this part in the fleet. Before `run`. What was opened since then stays. */
  closedBefore(closing: PastClosing): void {
    this.#local.closedBefore(closing);
  }

  /** Returns the closings that the store has not got. */
  untoldClosings(): readonly PastClosing[] {
    return this.#local.untoldClosings();
  }

  /**
   * Tells a closing, and waits for up to 5 s until all gateways have ended it. That of this gateway is not waited
   * for.
   */
  closeEverywhere(subject: FleetSubject, length: number): Promise<ClosingReport> {
    return this.#confirmation.close(subject, length);
  }

  /** Takes note of what the journal kept. What became of it meanwhile is told as a change. */
  restored(holder: RestoredHolder): void {
    this.#local.restored(holder);
  }

  /** Takes part until `stop`. Resolves then. */
  async run(): Promise<void> {
    const { clock, connect } = this.#options;
    let pause = firstPause;
    while (!this.#isStopped) {
      const started = clock.now();
      try {
        this.#board = await connect();
        if (this.#isStopped) this.#board.close();
        await new FleetSession(this.#session, this.#board).run();
      } catch (thrown) {
        this.#end(thrown);
      }
      if (clock.now() - started > lasting) pause = firstPause;
      if (!this.#isStopped) await this.#session.pauses.wait(pause * (0.5 + Math.random()));
      pause = Math.min(2 * pause, longestPause);
    }
  }

  /** Leaves the fleet. What waits is not told. */
  stop(): void {
    this.#isStopped = true;
    this.#confirmation.stop();
    this.#lose("this gateway has left");
  }

  #join(): void {
    this.#isJoined = true;
    this.#failure = undefined;
    this.#options.onJoined();
  }

  /** No mistake may end the daemon, nor this gateway's part. */
  #end(thrown: unknown): void {
    const { onMistake } = this.#options;
    try {
      if (!(thrown instanceof BoardError)) onMistake?.(thrown);
      this.#lose(reason(thrown));
      this.#expire();
    } catch (error) {
      onMistake?.(error);
    }
  }

  #lose(why: string): void {
    this.#board?.close();
    this.#board = undefined;
    this.#session.outgoing.detach();
    this.uses.detach();
    const isNews = this.#isJoined || this.#failure === undefined;
    this.#isJoined = false;
    this.#failure = why;
    this.#refusal = undefined;
    this.#session.pauses.endAll();
    if (isNews && !this.#isStopped) this.#options.onLost(why);
  }

  #measured({ jump, shift }: ClockMeasurement): void {
    if (shift !== undefined) {
      this.uses.move(shift, 2 * shift);
      this.#local.measuredFirst(shift);
    }
    if (jump !== 0) {
      this.#clockJump = jump;
      this.uses.move(jump, 0);
      this.#local.jumped(jump);
    }
  }

  #expire(): void {
    const { outgoing, own } = this.#session;
    this.#leases.expire(this.now());
    for (const part of [own, this.uses, outgoing]) part.expire();
  }
}
