import { setImmediate } from "node:timers/promises";
import type { Address } from "../../base/address.ts";
import type { Entry, Log } from "../../base/log.ts";
import { MemorySource } from "../../capture/memory.ts";
import type { Frame } from "../../capture/source.ts";
import type { Packet } from "../../decode/packet.ts";
import { dryFirewall } from "../../firewall/dry.ts";
import { Keeper } from "../../grant/keeper.ts";
import { Ledger } from "../../grant/ledger.ts";
import { Matcher } from "../../match/matcher.ts";
import type { Doors } from "../doors.ts";
import { Tally } from "../metrics/tally.ts";
import { Pipeline } from "../pipeline.ts";
import type { PacketClock } from "./packet-clock.ts";

/** Keeps what the daemon says until somebody takes it; the packets are told apart. */
export class ReplayLog implements Log {
  #entries: Entry[] = [];

  write(entry: Entry): void {
    if (entry.event !== "packet") this.#entries.push(entry);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Everything since the last time. */
  take(): readonly Entry[] {
    const taken = this.#entries;
    this.#entries = [];
    return taken;
  }
}

export interface DryRunParts {
  /** Those of the configuration; what they say goes to `log`. */
  readonly doors: Doors;
  readonly log: ReplayLog;
  readonly clock: PacketClock;
  readonly maxAttempts: number;
  /** Is this an address of the host that the packets are for? */
  readonly isOurs: (address: Address) => boolean;
}

/** The daemon's pipeline, from decoding to closing, in a world in which time and packets are handed in. */
export class DryRun {
  readonly #parts: DryRunParts;
  readonly #matcher: Matcher;
  readonly #keeper: Keeper;
  readonly #pipeline: Pipeline<MemorySource>;

  constructor(parts: DryRunParts) {
    const { doors, log, clock, maxAttempts, isOurs } = parts;
    this.#parts = parts;
    this.#matcher = new Matcher({ maxAttempts, isOurs });
    this.#keeper = new Keeper({
      firewall: dryFirewall,
      clock,
      log,
      ledger: new Ledger(),
      journal: undefined,
      locks: undefined,
      maxCommands: Number.POSITIVE_INFINITY,
      refuseWithoutJournal: false,
    });
    this.#pipeline = new Pipeline({
      openSource: (sink) => new MemorySource(sink),
      matcher: this.#matcher,
      keeper: this.#keeper,
      log,
      clock,
      quota: undefined,
      tally: new Tally(),
      onlyIpv4: false,
      debug: true,
    });
    this.#pipeline.watch(doors);
  }

  /** Would the kernel's filter let this packet through? */
  wants(packet: Packet): boolean {
    return this.#pipeline.source.ports?.[packet.protocol].has(packet.port) ?? false;
  }

  /** What is said when this frame comes, now. */
  take(frame: Frame): Promise<readonly Entry[]> {
    this.#pipeline.source.deliverFrame(frame);
    return this.#said();
  }

  /** Lets time go on; what is said by the way, a moment at a time. */
  async *passTime(until: number): AsyncGenerator<readonly Entry[]> {
    const { clock, log } = this.#parts;
    while (clock.nextDue <= until) {
      clock.runNext();
      if (!log.isEmpty) yield await this.#said();
    }
    clock.moveTo(until);
  }

  /** Lets time go on until nothing is open or under way. */
  async *finish(): AsyncGenerator<readonly Entry[]> {
    const { clock, log } = this.#parts;
    while (clock.nextDue < Number.POSITIVE_INFINITY) {
      clock.runNext();
      if (!log.isEmpty) yield await this.#said();
      else if (!this.#keeper.busy && this.#matcher.liveAttempts === 0) break;
    }
    this.#pipeline.close();
  }

  /** All that this moment sets off: the promises of a dry run are fulfilled before it is over. */
  async #said(): Promise<readonly Entry[]> {
    const { log } = this.#parts;
    if (!log.isEmpty) await setImmediate();
    return log.take();
  }
}
