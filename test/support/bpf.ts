// Classic BPF as the kernel runs it (Documentation/networking/filter.rst, linux/filter.h): the part
// of it that our filters use, and nothing else: any other instruction is an error.
import type { Instruction } from "../../src/ffi/packet-socket.ts";

/** A packet as a filter sees it: its bytes from the IP header on, and what the kernel knows besides. */
export interface FilteredPacket {
  readonly bytes: Uint8Array;
  /** EtherType: SKF_AD_PROTOCOL */
  readonly etherType: number;
  /** PACKET_HOST = 0, BROADCAST = 1, MULTICAST = 2, OTHERHOST = 3, OUTGOING = 4: SKF_AD_PKTTYPE */
  readonly packetType: number;
  /** SKF_AD_IFINDEX */
  readonly interfaceIndex: number;
}

/** BPF_MAXINSNS */
const longest = 4096;
/** SKF_AD_OFF */
const ancillary = -0x1000 >>> 0;

const jumps: Record<number, (a: number, k: number) => boolean> = {
  21: (a, k) => a === k,
  37: (a, k) => a > k,
  53: (a, k) => a >= k,
  69: (a, k) => (a & k) !== 0,
};

const loads: Record<number, readonly [size: 1 | 2 | 4, indexed: boolean]> = {
  32: [4, false],
  40: [2, false],
  48: [1, false],
  72: [2, true],
};

const JA = 0x05;
const RET = 0x06;
const LDX_MSH = 0xb1;

/** Why the kernel would refuse the program; undefined if it takes it. */
export function refusal(program: readonly Instruction[]): string | undefined {
  if (program.length === 0 || program.length > longest) return `${program.length} instructions`;
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    const fields = [jt, jf].every((offset) => Number.isInteger(offset) && offset >= 0);
    if (!fields || jt > 255 || jf > 255) return `${at}: a jump of ${jt} or ${jf}`;
    if (!Number.isInteger(k) || k < 0 || k > 0xffffffff) return `${at}: ${k} is not 32 bits`;
    const known = code in jumps || code in loads || [JA, RET, LDX_MSH].includes(code);
    if (!known) return `${at}: unknown instruction ${code}`;
    const targets = code in jumps ? [jt, jf] : code === JA ? [k] : code === RET ? [] : [0];
    if (targets.some((offset) => at + 1 + offset >= program.length)) return `${at}: jumps outside`;
  }
  return undefined;
}

/** How many bytes of the packet the program lets through; 0: it drops it. */
export function runFilter(program: readonly Instruction[], packet: FilteredPacket): number {
  let a = 0;
  let x = 0;
  for (let at = 0; ; at++) {
    const { code, jt, jf, k } = program[at] ?? fail(`runs off the end at ${at}`);
    const load = loads[code];
    const test = jumps[code];
    if (load !== undefined) {
      const value = read(packet, load[1] ? x + k : k, load[0]);
      if (value === undefined) return 0; // A load from outside ends the program: the packet is dropped.
      a = value;
    } else if (test !== undefined) at += test(a, k) ? jt : jf;
    else if (code === JA) at += k;
    else if (code === LDX_MSH) {
      const value = read(packet, k, 1);
      if (value === undefined) return 0;
      x = (value & 15) * 4;
    } else if (code === RET) return k;
    else fail(`unknown instruction ${code} at ${at}`);
  }
}

function read(packet: FilteredPacket, offset: number, size: number): number | undefined {
  if (offset >= ancillary) {
    if (offset === ancillary) return packet.etherType;
    if (offset === ancillary + 4) return packet.packetType;
    if (offset === ancillary + 8) return packet.interfaceIndex;
    return fail(`unknown ancillary load ${offset - ancillary}`);
  }
  if (offset + size > packet.bytes.length) return undefined;
  const data = Buffer.from(packet.bytes.buffer, packet.bytes.byteOffset, packet.bytes.length);
  return data.readUIntBE(offset, size);
}

function fail(problem: string): never {
  throw new Error(`filter: ${problem}`);
}
