import type { Address } from "../../base/address.ts";
import type { Entry } from "../../base/log.ts";
import type { WallTime } from "../../base/time.ts";
import type { NoPacket } from "../../capture/link.ts";
import type { Config } from "../../config/config.ts";
import type { Device } from "../../config/users.ts";
import type { Packet } from "../../decode/packet.ts";
import type { Rejection } from "../../decode/rejection.ts";

export interface ReplayOptions {
  readonly config: Config;
  /** Those of a users file; undefined: knocks by key are not judged. */
  readonly devices?: readonly Device[];
  /** The addresses of the host that recorded; undefined: every destination counts as ours. */
  readonly addresses?: readonly Address[];
  /** Only what concerns this source is told; the others' packets count all the same. */
  readonly source?: Address;
  /** IPv6 packets do not count. */
  readonly onlyIpv4?: boolean;
}

/** Something that a packet did, or the time that passed between two. */
export interface ReplayEvent {
  /** Milliseconds since the first packet. */
  readonly time: number;
  /** `undefined` if the file tells no date. */
  readonly wall: WallTime | undefined;
  /** The packet that did it, and its number in the file, counted from 1; undefined: time did it. */
  readonly cause: { readonly number: number; readonly packet: Packet } | undefined;
  /** What the daemon would have said, and what it would have kept to itself. Never empty. */
  readonly entries: readonly Entry[];
}

/** Why a record of the file was of no concern to any door. */
export type Unseen = NoPacket | Rejection | "ipv6" | "other-port" | "no-users";

export interface ReplaySummary {
  /** All records of the file so far. */
  readonly packets: number;
  /** Those that were of no concern, by reason. */
  readonly unseen: ReadonlyMap<Unseen, number>;
  /** When the recording begins; `undefined` if the file tells no time. */
  readonly firstWall: WallTime | undefined;
  /** In the middle of what the file ends; undefined if it is complete. */
  readonly truncated: string | undefined;
}
