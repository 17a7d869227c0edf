// Classic BPF (linux/filter.h) for sockets whose data starts at the IP header. Pure.

import type { PortSets } from "../base/port.ts";
import type { Instruction } from "../ffi/packet-socket.ts";

const LD_W_ABS = 0x20;
const LD_H_ABS = 0x28;
const LD_B_ABS = 0x30;
const LD_H_IND = 0x48;
const LDX_IP_HEADER_LENGTH = 0xb1;
const JA = 0x05;
const JEQ = 0x15;
const JGT = 0x25;
const JGE = 0x35;
const JSET = 0x45;
const RET = 0x06;

/** Loads from here on ask the kernel about the packet, not the packet itself: SKF_AD_OFF. */
const ANCILLARY = -0x1000 >>> 0;
const AD_PROTOCOL = ANCILLARY + 0;
const AD_PACKET_TYPE = ANCILLARY + 4;
const AD_INTERFACE_INDEX = ANCILLARY + 8;

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const PACKET_OTHERHOST = 3;
const TCP = 6;
const UDP = 17;
/** Hop-by-hop, routing, fragment, authentication, destination options (RFC 8200 §4.1, RFC 4302), mobility,
 * HIP, shim6: the ports lie further on than the filter can follow. */
const extensionHeaders = [0, 43, 44, 51, 60, 135, 139, 140];

/** No IP packet is longer. */
export const wholePacket = 0xffff;

/** Of each protocol. BPF_MAXINSNS is 4096; a range takes up to six instructions, the rest well under two hundred. */
export const mostRanges = 300;

type Range = readonly [first: number, last: number];

/**
 * A program that lets pass what may be a hit: TCP and UDP packets, first fragments only, to one of
 * `ports`, that came in by one of `interfaces` (undefined: by any). IPv6 packets that begin with an
 * extension header all pass. With more scattered ports than `most` of a protocol some in between pass, too.
 * `captured`: how many bytes of a packet are captured; of one with extension headers always all of it.
 */
export function compileFilter(
  ports: PortSets,
  interfaces: readonly number[] | undefined,
  most: number = mostRanges,
  captured: number = wholePacket,
): Instruction[] {
  if (interfaces?.length === 0 || ports.tcp.size + ports.udp.size === 0) return [drop];
  return [
    ...checkInterface(interfaces),
    load(LD_W_ABS, AD_PACKET_TYPE),
    ...dropIf(JEQ, PACKET_OTHERHOST),
    ...afterLink(ranges(ports.tcp, most), ranges(ports.udp, most), accept(captured)),
  ];
}

function checkInterface(interfaces: readonly number[] | undefined): Instruction[] {
  if (interfaces === undefined) return [];
  // Each test jumps over the rest and the final drop.
  const tests = interfaces.map((index, i) => jump(JEQ, index, interfaces.length - i, 0));
  return [load(LD_W_ABS, AD_INTERFACE_INDEX), ...tests, drop];
}

function afterLink(
  tcp: readonly Range[],
  udp: readonly Range[],
  found: Instruction,
): Instruction[] {
  const searchTcp = search(tcp, found);
  const searchUdp = search(udp, found);
  // Both families load the port and then share the two searches, which stand last.
  const ipv6 = loadPortV6(searchTcp.length);
  const ipv4 = loadPortV4(ipv6.length, searchTcp.length);
  return [
    load(LD_W_ABS, AD_PROTOCOL),
    jump(JEQ, ETH_P_IP, 3, 0),
    jump(JEQ, ETH_P_IPV6, 1, 0),
    drop,
    { code: JA, jt: 0, jf: 0, k: ipv4.length },
    ...ipv4,
    ...ipv6,
    ...searchTcp,
    ...searchUdp,
  ];
}

/** RFC 791 §3.1; `after` and `searchTcp`: how many instructions follow before the searches, and in the first. */
function loadPortV4(after: number, searchTcp: number): Instruction[] {
  const tcp = [load(LD_H_IND, 2), { code: JA, jt: 0, jf: 0, k: after + 2 }];
  const udp = [load(LD_H_IND, 2), { code: JA, jt: 0, jf: 0, k: after + searchTcp }];
  return [
    load(LD_H_ABS, 6),
    ...dropIf(JSET, 0x1fff), // fragment offset: only the first fragment has ports
    load(LDX_IP_HEADER_LENGTH, 0),
    load(LD_B_ABS, 9),
    jump(JEQ, TCP, 2, 0),
    jump(JEQ, UDP, 3, 0),
    drop,
    ...tcp,
    ...udp,
  ];
}

/** RFC 8200 §3 */
function loadPortV6(searchTcp: number): Instruction[] {
  const extensions = extensionHeaders.map((header, i) =>
    jump(JEQ, header, extensionHeaders.length - i, 0),
  );
  const tcp = [load(LD_H_ABS, 42), { code: JA, jt: 0, jf: 0, k: 2 }];
  const udp = [load(LD_H_ABS, 42), { code: JA, jt: 0, jf: 0, k: searchTcp }];
  return [
    load(LD_B_ABS, 6),
    jump(JEQ, TCP, extensions.length + 3, 0),
    jump(JEQ, UDP, extensions.length + 4, 0),
    ...extensions,
    drop,
    accept(wholePacket),
    ...tcp,
    ...udp,
  ];
}

/** A binary search for the port in the accumulator that ends in `found` or drop. */
function search(sorted: readonly Range[], found: Instruction): Instruction[] {
  const [only] = sorted;
  if (only === undefined) return [drop];
  if (sorted.length === 1) return [jump(JGE, only[0], 0, 2), jump(JGT, only[1], 1, 0), found, drop];
  const middle = sorted.length >> 1;
  const left = search(sorted.slice(0, middle), found);
  const right = search(sorted.slice(middle), found);
  const pivot = sorted[middle]?.[0] ?? 0;
  // Conditional jumps reach 255 instructions only, so the far one is an unconditional jump.
  return [jump(JGE, pivot, 0, 1), { code: JA, jt: 0, jf: 0, k: left.length }, ...left, ...right];
}

/** The ports as sorted ranges, at most `most` of them: the narrowest gaps are closed first. */
function ranges(ports: ReadonlySet<number>, most: number): Range[] {
  const sorted = [...ports].sort((a, b) => a - b);
  const gaps = sorted
    .map((port, i) => ({ port, width: port - (sorted[i - 1] ?? port) }))
    .filter(({ width }) => width > 1)
    .sort((a, b) => b.width - a.width);
  /** Where a range begins. */
  const starts = new Set(gaps.slice(0, most - 1).map(({ port }) => port));
  const found: [number, number][] = [];
  for (const port of sorted) {
    const last = found.at(-1);
    if (last !== undefined && !starts.has(port)) last[1] = port;
    else found.push([port, port]);
  }
  return found;
}

/** Has `captured` bytes of the packet captured. */
function accept(captured: number): Instruction {
  return { code: RET, jt: 0, jf: 0, k: captured };
}

const drop: Instruction = { code: RET, jt: 0, jf: 0, k: 0 };

function load(code: number, k: number): Instruction {
  return { code, jt: 0, jf: 0, k };
}

function jump(code: number, k: number, jt: number, jf: number): Instruction {
  return { code, jt, jf, k };
}

function dropIf(code: number, k: number): Instruction[] {
  return [jump(code, k, 0, 1), drop];
}
