import type { Address, Network } from "../base/address.ts";
import { contains } from "../base/address.ts";
import type { Sequence } from "../base/sequence.ts";
import { sameSequence } from "../base/sequence.ts";
import type { FlagTest } from "../base/tcp-flags.ts";
import { tcpFlags } from "../base/tcp-flags.ts";
import type { Packet } from "../decode/packet.ts";

/** The conditions under which a knock opens a door. */
export interface Door {
  readonly name: string;
  readonly sequence: Sequence;
  /** Milliseconds. The last hit must come less than this after the last hit that made the first step. */
  readonly timeout: number;
  /** Applies to TCP packets only. */
  readonly flags: FlagTest;
  /** The destinations of knocks; `undefined` means this host. */
  readonly target: readonly Network[] | undefined;
  /** The sources that may knock; `undefined` means all that are not in `deny`. */
  readonly allow: readonly Network[] | undefined;
  readonly deny: readonly Network[];
}

/** Returns whether a packet counts for this door. */
export function sees(door: Door, packet: Packet, isOurs: () => boolean): boolean {
  return (
    flagsFit(door, packet) && isAllowed(door, packet.source) && isAddressed(door, packet, isOurs)
  );
}

export function flagsFit(door: Door, packet: Packet): boolean {
  return packet.protocol === "udp" || (packet.flags & door.flags.mask) === door.flags.value;
}

/** Returns whether this source may knock at this door. */
export function isAllowed({ allow, deny }: Pick<Door, "allow" | "deny">, source: Address): boolean {
  if (deny.some((network) => contains(network, source))) return false;
  return allow === undefined || allow.some((network) => contains(network, source));
}

const { RST, ACK } = tcpFlags;

/**
 * Returns whether a packet to a decoy of this door looks like a scan. All datagrams do, and all TCP packets
 * that begin a connection or probe the port. Any other packet that has the flags of a knock does, too,
 * unless it may answer a connection of this host.
 */
export function isTouch(
  door: Door,
  packet: Packet,
  mayBeAnswer: boolean,
  isOurs: () => boolean,
): boolean {
  const isProbe = packet.protocol === "udp" || (packet.flags & (RST | ACK)) === 0;
  const isLikeKnock = !mayBeAnswer && flagsFit(door, packet);
  return (isProbe || isLikeKnock) && isAddressed(door, packet, isOurs);
}

/** `isOurs`: returns whether the packet's destination is an address of this host. */
function isAddressed(door: Door, packet: Packet, isOurs: () => boolean): boolean {
  if (door.target === undefined) return isOurs();
  return door.target.some((network) => contains(network, packet.destination));
}

/** Returns whether an attempt at one door can continue at the other. */
export function isSameDoor(a: Door, b: Door): boolean {
  return (
    a.name === b.name &&
    a.timeout === b.timeout &&
    a.flags.mask === b.flags.mask &&
    a.flags.value === b.flags.value &&
    asText(a.target) === asText(b.target) &&
    asText(a.allow) === asText(b.allow) &&
    asText(a.deny) === asText(b.deny) &&
    sameSequence(a.sequence, b.sequence)
  );
}

function asText(networks: readonly Network[] | undefined): string {
  return String(networks?.map(({ base, bits }) => `${base}/${bits}`));
}
