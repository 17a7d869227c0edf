// Builds packets, IP header first, as they stand on the wire: honest ones, and ones that lie.
import type { Address } from "../../src/base/address.ts";
import { parseAddress } from "../../src/base/address.ts";
import { monotonic } from "../../src/base/time.ts";
import type { Frame } from "../../src/capture/source.ts";

export const TCP = 6;
export const UDP = 17;
export const SYN = 2;
export const ACK = 16;

/** The address that `text` writes; fails if it writes none. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`"${text}" is no address`);
  return parsed;
}

/** Bytes written as hexadecimal digits; blanks and line ends do not count. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** The option that every system's SYN has: maximum segment size (RFC 9293 §3.2), 1460. */
export const mss: Uint8Array = Uint8Array.of(2, 4, 5, 0xb4);

export interface TcpFields {
  readonly sourcePort?: number;
  readonly port: number;
  readonly flags?: number;
  readonly sequence?: number;
  /** Padded with zeros to whole words; at most 40 bytes. */
  readonly options?: Uint8Array;
  /** The header's length in words of four bytes, if it is to lie. */
  readonly words?: number;
  readonly data?: Uint8Array;
}

/** A TCP segment (RFC 9293 §3.1); its checksum is 0. */
export function tcp(fields: TcpFields): Uint8Array {
  const { sourcePort = 40000, port, flags = SYN, sequence = 1, data = new Uint8Array() } = fields;
  const options = padded(fields.options, 4);
  const header = new DataView(new ArrayBuffer(20));
  header.setUint16(0, sourcePort);
  header.setUint16(2, port);
  header.setUint32(4, sequence);
  header.setUint8(12, (fields.words ?? 5 + options.length / 4) << 4);
  header.setUint8(13, flags);
  header.setUint16(14, 1024);
  return joined(bytesOf(header), options, data);
}

export interface UdpFields {
  readonly sourcePort?: number;
  readonly port: number;
  readonly data?: Uint8Array;
  /** The length field, if it is to lie. */
  readonly length?: number;
  readonly checksum?: number;
}

/** A UDP datagram (RFC 768). */
export function udp(fields: UdpFields): Uint8Array {
  const { sourcePort = 40000, port, data = new Uint8Array(), checksum = 0 } = fields;
  const header = new DataView(new ArrayBuffer(8));
  header.setUint16(0, sourcePort);
  header.setUint16(2, port);
  header.setUint16(4, fields.length ?? 8 + data.length);
  header.setUint16(6, checksum);
  return joined(bytesOf(header), data);
}

export interface Ipv4Fields {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Padded with zeros to whole words; at most 40 bytes. */
  readonly options?: Uint8Array;
  /** In units of eight bytes. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** The header's length in words of four bytes, if it is to lie. */
  readonly words?: number;
  /** The length of the packet, if it is to lie. */
  readonly totalLength?: number;
}

/** An IPv4 packet (RFC 791 §3.1) with its header checksum. */
export function ipv4(fields: Ipv4Fields, payload: Uint8Array): Uint8Array {
  const options = padded(fields.options, 4);
  const bytes = new Uint8Array(20 + options.length);
  const header = new DataView(bytes.buffer);
  header.setUint8(0, 0x40 | (fields.words ?? bytes.length / 4));
  header.setUint16(2, fields.totalLength ?? bytes.length + payload.length);
  const more = fields.moreFragments ? 0x2000 : 0;
  header.setUint16(6, more | (fields.fragmentOffset ?? 0));
  header.setUint8(8, 64);
  header.setUint8(9, fields.protocol);
  header.setUint32(12, fields.source.w3);
  header.setUint32(16, fields.destination.w3);
  bytes.set(options, 20);
  header.setUint16(10, internetChecksum(bytes));
  return joined(bytes, payload);
}

/** An extension header of IPv6 and what kind it is. */
export interface Extension {
  readonly header: number;
  /** All of it but its first byte, which names what follows. */
  readonly rest: Uint8Array;
}

/** Hop-by-hop (0), routing (43), destination options (60) and their like: `size` more units of eight bytes. */
export function extension(header: number, size = 0): Extension {
  const rest = new Uint8Array(7 + size * 8);
  rest[0] = size;
  return { header, rest };
}

/** The authentication header (RFC 4302), counted in words of four bytes, less two; `words` of at least 3. */
export function authentication(words = 3): Extension {
  const rest = new Uint8Array(words * 4 - 1);
  rest[0] = words - 2;
  return { header: 51, rest };
}

/** The fragment header (RFC 8200 §4.5); `offset` in units of eight bytes. */
export function fragment(offset: number, more = false): Extension {
  const rest = new Uint8Array(7);
  new DataView(rest.buffer).setUint16(1, (offset << 3) | (more ? 1 : 0));
  return { header: 44, rest };
}

export interface Ipv6Fields {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly extensions?: readonly Extension[];
  /** The length of what follows the header, if it is to lie. */
  readonly payloadLength?: number;
}

/** An IPv6 packet (RFC 8200 §3). */
export function ipv6(fields: Ipv6Fields, payload: Uint8Array): Uint8Array {
  const { extensions = [], protocol } = fields;
  const kinds = [...extensions.map(({ header }) => header), protocol];
  const chain = extensions.map(({ rest }, i) => joined(Uint8Array.of(kinds[i + 1] ?? 0), rest));
  const body = joined(...chain, payload);
  const header = new DataView(new ArrayBuffer(40));
  header.setUint8(0, 0x60);
  header.setUint16(4, fields.payloadLength ?? body.length);
  header.setUint8(6, kinds[0] ?? protocol);
  header.setUint8(7, 64);
  for (const [at, { w0, w1, w2, w3 }] of [
    [8, fields.source],
    [24, fields.destination],
  ] as const) {
    [w0, w1, w2, w3].forEach((word, i) => {
      header.setUint32(at + i * 4, word);
    });
  }
  return joined(bytesOf(header), body);
}

/** Who sends a knock to whom; both of one family. */
export interface PacketEnds {
  readonly source: Address;
  readonly destination: Address;
}

/** A whole IP packet, of the family of its addresses, with this segment or datagram. */
function packet(ends: PacketEnds, protocol: number, payload: Uint8Array): Uint8Array {
  const build = ends.source.family === 4 ? ipv4 : ipv6;
  return build({ ...ends, protocol }, payload);
}

export function tcpPacket(ends: PacketEnds, fields: TcpFields): Uint8Array {
  return packet(ends, TCP, tcp(fields));
}

export function udpPacket(ends: PacketEnds, fields: UdpFields): Uint8Array {
  return packet(ends, UDP, udp(fields));
}

/** A frame as a source delivers it. The bytes lie amid others, so that reading beyond them shows. */
export function frameOf(bytes: Uint8Array, more: Partial<Frame> = {}): Frame {
  const margin = 64;
  const memory = new Uint8Array(bytes.length + 2 * margin).fill(0xff);
  memory.set(bytes, margin);
  return {
    data: new DataView(memory.buffer),
    start: margin,
    length: bytes.length,
    wireLength: bytes.length,
    time: monotonic(0),
    interfaceIndex: 2,
    isLoopback: false,
    ...more,
  };
}

/** RFC 1071, of bytes whose checksum field is 0. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  bytes.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte << 8 : byte;
  });
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function padded(bytes: Uint8Array = new Uint8Array(), multiple: number): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / multiple) * multiple);
  result.set(bytes);
  return result;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}
