import { setImmediate } from "node:timers/promises";
import type { Address } from "../../base/address.ts";
import type { Entry } from "../../base/log.ts";
import type { Monotonic } from "../../base/time.ts";
import { never } from "../../base/time.ts";
import type { Frame } from "../../capture/source.ts";
import type { IsLocalSource } from "../../decode/martian.ts";
import type { Packet } from "../../decode/packet.ts";
import { dryFirewall } from "../../firewall/dry.ts";
import type { Doors } from "../doors.ts";
import type { SandboxPipeline } from "../sandbox.ts";
import { createSandbox } from "../sandbox.ts";
import type { PacketClock } from "./packet-clock.ts";
import type { ReplayKeys } from "./replay-knocks.ts";
import { ReplayKnocks } from "./replay-knocks.ts";
import type { ReplayLog } from "./replay-log.ts";

export interface ReplayPipelineParts {
  /** Those of the configuration; what they say goes to `log`. */
  readonly doors: Doors;
  readonly log: ReplayLog;
  readonly clock: PacketClock;
  readonly maxAttempts: number;
  /** Is this an address of the host that the packets are for? */
  readonly isOurs: (address: Address) => boolean;
  /** As in `PipelineParts`. */
  readonly isLocalSource: IsLocalSource;
  /** `undefined` if knocks by key are not judged. */
  readonly keys: ReplayKeys | undefined;
}

/** The daemon's pipeline, from decoding to closing, in a world in which time and packets are handed in. */
export class ReplayPipeline {
  readonly #parts: ReplayPipelineParts;
  readonly #sandbox: SandboxPipeline;
  readonly #knocks: ReplayKnocks | undefined;

  constructor(parts: ReplayPipelineParts) {
    this.#parts = parts;
    this.#sandbox = createSandbox({ ...parts, firewall: dryFirewall, debug: true });
    const { keys } = parts;
    const { leaseManager } = this.#sandbox;
    this.#knocks = keys && new ReplayKnocks({ ...parts, keys, leaseManager });
  }

  /** Would the kernel's filter let this packet through? */
  wants(packet: Packet): boolean {
    if (this.#knocks?.wants(packet)) return true;
    return this.#sandbox.pipeline.source.ports?.[packet.protocol].has(packet.port) ?? false;
  }

  /** What is said when this frame with its packet comes, now. */
  async take(frame: Frame, packet: Packet): Promise<readonly Entry[]> {
    if (this.#knocks?.wants(packet)) await this.#knocks.take(frame, packet);
    else this.#sandbox.pipeline.source.deliverFrame(frame);
    return await this.#said();
  }

  /** Lets time go on; what is said by the way, a moment at a time. */
  async *passTime(until: Monotonic): AsyncGenerator<readonly Entry[]> {
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
    const { matcher, leaseManager, pipeline } = this.#sandbox;
    while (clock.nextDue < never) {
      clock.runNext();
      if (!log.isEmpty) yield await this.#said();
      else if (!leaseManager.busy && matcher.liveAttempts === 0) break;
    }
    pipeline.close();
  }

  /** All that this moment sets off: the promises of a dry run are fulfilled before it is over. */
  async #said(): Promise<readonly Entry[]> {
    const { log } = this.#parts;
    if (!log.isEmpty) await setImmediate();
    return log.take();
  }
}
