import type { Address } from "../../base/address.ts";
import type { Port } from "../../base/port.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Door } from "../../match/door.ts";

/** A packet that reached this machine at a port of a door, of either protocol, or at a decoy. */
export interface SeenPacket {
  readonly time: Monotonic;
  readonly source: Address;
  readonly port: Port;
  /** `undefined`: unknown. */
  readonly interfaceName: string | undefined;
  /** What it is for each door that it concerns; never empty. */
  readonly effects: readonly DoorEffect[];
}

/** What a packet is for a door. */
export interface DoorEffect {
  readonly door: Door;
  /** The step of the sequence that has its port, counted from 1; `undefined` if none has. */
  readonly step: number | undefined;
  readonly kind: EffectKind;
}

/**
 * - `stage`, `open`: it is the next step, or the last one
 * - `repeat`: the step before once more
 * - `order`: a step, but not the next one
 * - `late`: the next step, after the time of the knock
 * - `protocol`: a step by the other protocol
 * - `flags`, `source`, `destination`, `interface`: it does not count, for this reason
 * - `ignored`: its source is ignored for touching decoys
 * - `retransmission`: the sender's system sent it once more
 * - `decoy`, `other-door`: it ended the knock that was under way
 */
type EffectKind =
  | "stage"
  | "open"
  | "repeat"
  | "order"
  | "late"
  | "protocol"
  | "flags"
  | "source"
  | "destination"
  | "interface"
  | "ignored"
  | "retransmission"
  | "decoy"
  | "other-door";
