import type { Network } from "../../base/address.ts";
import { contains, parseNetwork } from "../../base/address.ts";
import { own } from "../../base/json-fields.ts";
import type { Service } from "../../base/service.ts";

/** The first packet with which a source uses a service: a SYN, a datagram or a ping. */
export interface FirstPacket {
  readonly family: 4 | 6;
  /** As it is after all translation. */
  readonly service: Service;
  /** Hosts behind this one to any of which it may be; `undefined`: this host. */
  readonly destination: Network | undefined;
  /** This host has put that destination into it. */
  readonly isTranslated: boolean;
  /** The interface on which it comes; `undefined`: any but lo. */
  readonly interfaceName: string | undefined;
  /** `unnamed`: a source that no rule names; `any`: it may be one that a rule names. */
  readonly source: "unnamed" | "any";
  /** Whether a rule may have told conntrack to ignore it. */
  readonly mayBeUntracked: boolean;
}

/** Whether a packet meets a condition, as far as that is known. */
export type MatchResult = "yes" | "no" | "maybe";

/** A condition of a rule. */
export type Condition = (packet: FirstPacket) => MatchResult;

export const always: Condition = () => "yes";
export const never: Condition = () => "no";
export const unknown: Condition = () => "maybe";

export function answer(is: boolean): MatchResult {
  return is ? "yes" : "no";
}

export function not(condition: Condition): Condition {
  const opposite = { yes: "no", no: "yes", maybe: "maybe" } as const;
  return (packet) => opposite[condition(packet)];
}

export function every(conditions: readonly Condition[]): Condition {
  return (packet) => {
    let all: MatchResult = "yes";
    for (const condition of conditions) {
      const one = condition(packet);
      if (one === "no") return "no";
      if (one === "maybe") all = "maybe";
    }
    return all;
  };
}

export function some(conditions: readonly Condition[]): Condition {
  return not(every(conditions.map(not)));
}

/** The number of the packet's protocol (IANA). */
export function protocolNumber({ family, service }: FirstPacket): number {
  if (service.protocol === "icmp") return family === 4 ? 1 : 58;
  return service.protocol === "tcp" ? 6 : 17;
}

const protocolNumbers: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
  "ipv6-icmp": 58,
};

/** Returns the number of a protocol; -1 for another name, which is that of no packet here. */
export function readProtocol(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : (own(protocolNumbers, text) ?? -1);
}

/** An echo request's type (RFC 792, RFC 4443). */
export function echoType({ family }: FirstPacket): number {
  return family === 4 ? 8 : 128;
}

/** The flags of TCP by name, and that of a first packet. */
export const tcpFlagBits: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ecn: 64,
  cwr: 128,
};
export const synFlag = 2;

/** Whether conntrack gives the packet this state. */
export function hasState(state: string): Condition {
  return ({ mayBeUntracked, isTranslated }) => {
    if (state === "dnat") return answer(isTranslated);
    if (state === "new") return mayBeUntracked ? "maybe" : "yes";
    return state === "untracked" && mayBeUntracked ? "maybe" : "no";
  };
}

/** Whether the source is in this network: an address with a number of bits that counts within its family. */
export function isFrom(address: string, bits: number): Condition {
  const [family, specific] = address.includes(":") ? [6, 16] : [4, 8];
  return (packet) => {
    if (packet.family !== family) return "no";
    if (bits === 0) return "yes";
    // A large part of all sources is not named by naming it.
    return bits >= specific && packet.source === "unnamed" ? "no" : "maybe";
  };
}

/** Whether the destination, an address of this host or of hosts behind it, is in this network. */
export function isTo(address: string, bits: number): Condition {
  const network = parseNetwork(`${address}/${bits}`);
  const [family, isMulticast] = address.includes(":")
    ? [6, /^ff/i.test(address)]
    : [4, Number(address.split(".")[0]) >= 224];
  return (packet) => {
    if (packet.family !== family) return "no";
    if (bits === 0) return "yes";
    const { destination } = packet;
    if (destination !== undefined && network !== undefined) {
      if (contains(network, destination.base) && network.bits <= destination.bits) return "yes";
      return contains(destination, network.base) ? "maybe" : "no";
    }
    return isMulticast ? "no" : "maybe";
  };
}

/** Whether it comes on an interface of this name; a name that ends with `wildcard` stands for many. */
export function comesOn(name: string, wildcard: "*" | "+"): Condition {
  return ({ interfaceName }) => {
    if (name === "lo") return "no";
    if (interfaceName === undefined) return name === wildcard ? "yes" : "maybe";
    if (!name.endsWith(wildcard)) return answer(interfaceName === name);
    return answer(interfaceName.startsWith(name.slice(0, -1)));
  };
}

/** Whether the packet has a port in this range as its destination. */
export function hasPort(first: number, last: number): Condition {
  return ({ service }) =>
    answer(service.protocol !== "icmp" && first <= service.port && service.port <= last);
}
