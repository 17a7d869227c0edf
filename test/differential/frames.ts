import type { Address } from "../../src/base/address.ts";
import { parseAddress } from "../../src/base/address.ts";
import type { Knock } from "./streams.ts";

/** The link-layer address of both servers, so that one frame does for both. */
export const serverMac = "02:00:00:00:00:01";

const clientMac = "02:00:00:00:00:02";

/** The Ethernet frame of a packet (RFC 791, 8200, 9293, 768), checksums and all. */
export function frameOf(knock: Knock): Uint8Array {
  const [source, destination] = [address(knock.source), address(knock.destination)];
  const protocol = knock.protocol === "tcp" ? 6 : 17;
  const segment = knock.protocol === "tcp" ? tcp(knock) : udp(knock);
  const pseudo = concat(
    bytesOf(source),
    bytesOf(destination),
    words(segment.length, protocol),
    segment,
  );
  new DataView(segment.buffer).setUint16(protocol === 6 ? 16 : 6, checksum(pseudo));
  const isV6 = source.family === 6;
  return concat(
    mac(serverMac),
    mac(clientMac),
    Uint8Array.from(isV6 ? [0x86, 0xdd] : [0x08, 0x00]),
    isV6
      ? ipv6(source, destination, protocol, segment.length)
      : ipv4(source, destination, protocol, segment.length),
    segment,
  );
}

function tcp({ sourcePort, number, sequenceNumber, flags }: Knock): Uint8Array {
  const segment = new DataView(new ArrayBuffer(24));
  segment.setUint16(0, sourcePort);
  segment.setUint16(2, number);
  segment.setUint32(4, sequenceNumber);
  segment.setUint8(12, 6 << 4);
  // The option that every system sends: maximum segment size (RFC 9293 §3.2), 1460.
  segment.setUint32(20, 0x020405b4);
  segment.setUint8(13, flags);
  segment.setUint16(14, 64240);
  return new Uint8Array(segment.buffer);
}

function udp({ sourcePort, number }: Knock): Uint8Array {
  const datagram = new DataView(new ArrayBuffer(9));
  datagram.setUint16(0, sourcePort);
  datagram.setUint16(2, number);
  datagram.setUint16(4, 9);
  return new Uint8Array(datagram.buffer);
}

function ipv4(source: Address, destination: Address, protocol: number, length: number) {
  const header = new DataView(new ArrayBuffer(20));
  header.setUint16(0, 0x4500);
  header.setUint16(2, 20 + length);
  header.setUint16(6, 0x4000);
  header.setUint8(8, 64);
  header.setUint8(9, protocol);
  header.setUint32(12, source.w3);
  header.setUint32(16, destination.w3);
  const bytes = new Uint8Array(header.buffer);
  header.setUint16(10, checksum(bytes));
  return bytes;
}

function ipv6(source: Address, destination: Address, protocol: number, length: number) {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, 0x60000000);
  header.setUint16(4, length);
  header.setUint8(6, protocol);
  header.setUint8(7, 64);
  return concat(new Uint8Array(header.buffer), bytesOf(source), bytesOf(destination));
}

/** RFC 1071 */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  bytes.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte << 8 : byte;
  });
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function bytesOf({ w0, w1, w2, w3, family }: Address): Uint8Array {
  return family === 4 ? words(w3) : words(w0, w1, w2, w3);
}

function words(...values: number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    bytes.setUint32(i * 4, value);
  });
  return new Uint8Array(bytes.buffer);
}

function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
