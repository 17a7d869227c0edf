// Port scans as the matcher sees them: of the ports that are nobody's it never hears.
import type { Address } from "../../src/base/address.ts";
import type { Port } from "../../src/base/port.ts";
import type { Sequence } from "../../src/base/sequence.ts";
import { monotonic } from "../../src/base/time.ts";
import type { Packet } from "../../src/decode/packet.ts";
import { chooseDecoys } from "../../src/match/decoys/choose.ts";
import { unknownHost } from "../../src/match/decoys/decoy.ts";
import type { Door } from "../../src/match/door.ts";
import { Matcher } from "../../src/match/matcher.ts";
import { address, SYN } from "./packets.ts";

export const us: Address = address("192.0.2.1");
const scanner: Address = address("198.51.100.66");

export const usualDecoys = 32;

/** A door as a configuration makes it that says nothing but its sequence and `tcpflags = syn`. */
export function doorOf(sequence: Sequence, flags = { mask: SYN, value: SYN }): Door {
  const timeout = 25_000;
  const everybody = { target: undefined, allow: undefined, deny: [] };
  return {
    name: sequence.map(({ number }) => number).join(),
    sequence,
    timeout,
    flags,
    ...everybody,
  };
}

/** Doors and their decoys, as a daemon puts them together. */
export function withDecoys(doors: readonly Door[], decoys: number = usualDecoys) {
  const wishes = doors.map(({ sequence }) => ({ sequence, decoys }));
  const chosen = chooseDecoys(wishes, unknownHost);
  const matcher = new Matcher({ maxAttempts: 1000, isOurs: (other) => other.equals(us) });
  matcher.setDoors(doors, chosen);
  return { matcher, decoys: chosen };
}

let probes = 0;

/** What nmap sends: a SYN with options, or a datagram; each with a number of its own unless it is sent again. */
export function probe(port: Port, time: number, more: Partial<Packet> = {}): Packet {
  const { number, protocol } = port;
  const isTcp = protocol === "tcp";
  return {
    time: monotonic(time),
    interfaceIndex: 1,
    payloadStart: 0,
    payloadLength: 0,
    length: isTcp ? 44 : 28,
    protocol,
    source: scanner,
    destination: us,
    sourcePort: 50_000,
    port: number,
    flags: isTcp ? SYN : 0,
    mayRepeat: isTcp,
    fingerprint: ++probes,
    ...more,
  };
}

/** How many doors these packets open, in the order of their time. */
export function openings(matcher: Matcher, packets: readonly Packet[]): number {
  return packets.flatMap((packet) => matcher.hit(packet)).filter(({ kind }) => kind === "open")
    .length;
}
