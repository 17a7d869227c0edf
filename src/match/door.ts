import type { Address, Network } from "../base/address.ts";
import { contains } from "../base/address.ts";
import type { Sequence } from "../base/sequence.ts";
import { sameSequence } from "../base/sequence.ts";
import type { Packet } from "../decode/packet.ts";

/** Which TCP flags must be set and which must not: `(flags & mask) === value`. */
export interface FlagTest {
  readonly mask: number;
  readonly value: number;
}

/** What a knock must be like to open a door. */
export interface Door {
  readonly name: string;
  readonly sequence: Sequence;
  /** The last hit comes less than this after the last of those that made the first step: milliseconds. */
  readonly timeout: number;
  /** What TCP packets must look like; UDP packets are not asked. */
  readonly flags: FlagTest;
  /** Where packets must be going; undefined: to this host. */
  readonly target: readonly Network[] | undefined;
  /** Who may knock at all; undefined: everybody who is not in `deny`. */
  readonly allow: readonly Network[] | undefined;
  readonly deny: readonly Network[];
}

/** Does this door look at that packet at all? What it does not see, it ignores. */
export function sees(door: Door, packet: Packet, isOurs: () => boolean): boolean {
  return (
    flagsFit(door, packet) && isWelcome(door, packet.source) && isAddressed(door, packet, isOurs)
  );
}

export function flagsFit(door: Door, packet: Packet): boolean {
  return packet.protocol === "udp" || (packet.flags & door.flags.mask) === door.flags.value;
}

/** May this source knock at this door? */
export function isWelcome({ allow, deny }: Pick<Door, "allow" | "deny">, source: Address): boolean {
  if (deny.some((network) => contains(network, source))) return false;
  return allow === undefined || allow.some((network) => contains(network, source));
}

const RST = 4;
const ACK = 16;

/**
 * Does a packet to a decoy of this door look like a scan? Any datagram does, and what begins a TCP
 * connection or is sent to see what happens. What else the door would take for a knock does, too,
 * unless it may be an answer to a connection of this host.
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

/** `isOurs`: is the packet's destination an address of this host? */
function isAddressed(door: Door, packet: Packet, isOurs: () => boolean): boolean {
  if (door.target === undefined) return isOurs();
  return door.target.some((network) => contains(network, packet.destination));
}

/** Would a knock that is under way at one go on at the other? */
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
