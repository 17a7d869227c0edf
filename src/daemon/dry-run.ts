import { setImmediate } from "node:timers/promises";
import type { Address } from "../base/address.ts";
import type { Entry } from "../base/log.ts";
import type { Frame } from "../capture/source.ts";
import type { Packet } from "../decode/packet.ts";
import { Keeper } from "../grant/keeper.ts";
import { Matcher } from "../match/matcher.ts";
import { explainBystanders } from "./bystanders.ts";
import type { Doors } from "./doors.ts";
import type { PacketClock } from "./packet-clock.ts";
import { Pipeline } from "./pipeline.ts";
import type { ReplayLog } from "./replay-parts.ts";
import { dryFirewall, ReplaySource } from "./replay-parts.ts";

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
  readonly #pipeline: Pipeline<ReplaySource>;

  constructor(parts: DryRunParts) {
    const { doors, log, clock, maxAttempts, isOurs } = parts;
    this.#parts = parts;
    this.#matcher = new Matcher({ maxAttempts, isOurs });
    this.#keeper = new Keeper(dryFirewall, clock, log);
    this.#pipeline = new Pipeline({
      openSource: (sink) => new ReplaySource(sink),
      matcher: this.#matcher,
      keeper: this.#keeper,
      doors,
      log,
      clock,
      onlyIpv4: false,
      debug: true,
    });
  }

  /** Would the kernel's filter let this packet through? */
  wants(packet: Packet): boolean {
    return this.#pipeline.source.wants(packet);
  }

  /** What is said when this packet comes, now; `packet` is what `frame` holds. */
  async take(frame: Frame, packet: Packet): Promise<readonly Entry[]> {
    const { doors, isOurs } = this.#parts;
    // Those that it meets: a one-time sequence is another one afterwards.
    const met = doors.matchable;
    this.#pipeline.source.deliver(frame);
    const said = await this.#said();
    const addressed = () => isOurs(packet.destination);
    return [...said, ...explainBystanders(met, packet, addressed, said)];
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
