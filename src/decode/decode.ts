import { Address } from "../base/address.ts";
import type { Frame } from "../capture/source.ts";
import { isNobody } from "./martian.ts";
import type { Packet } from "./packet.ts";
import { Reader } from "./reader.ts";

const HOP_BY_HOP = 0;
const TCP = 6;
const UDP = 17;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

/** The most extension headers of a plausible packet. */
const mostExtensions = 16;

/** The fields of an IP header: source, destination and protocol. */
interface IpHeader {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
}

/**
 * Returns the TCP or UDP packet in a frame, or `undefined` for everything else: other protocols, fragments after
 * the first, truncated or invalid headers. No input makes it throw or read outside the frame.
 */
export function decode(frame: Frame): Packet | undefined {
  const reader = new Reader(frame.data, frame.start, frame.length);
  const first = reader.u8();
  const header =
    first >> 4 === 4
      ? readIpv4(reader, first & 15)
      : first >> 4 === 6
        ? readIpv6(reader)
        : undefined;
  if (header === undefined || isNobody(header.source)) return undefined;
  if (header.protocol === TCP) return readTcp(reader, frame, header);
  if (header.protocol === UDP) return readUdp(reader, frame, header);
  return undefined;
}

/** RFC 791 §3.1, after the first byte; `words`: the header's length in 32-bit words. */
function readIpv4(reader: Reader, words: number): IpHeader | undefined {
  reader.skip(1);
  const totalLength = reader.u16();
  reader.skip(2);
  const fragmentOffset = reader.u16() & 0x1fff;
  reader.skip(1);
  const protocol = reader.u8();
  reader.skip(2);
  const source = Address.v4(reader.u32());
  const destination = Address.v4(reader.u32());
  // The ports are in the first fragment only; later ones cannot be knocks.
  if (words < 5 || totalLength < words * 4 || fragmentOffset !== 0) return undefined;
  reader.limit(totalLength - 20);
  reader.skip(words * 4 - 20);
  return reader.ok ? { source, destination, protocol } : undefined;
}

/** RFC 8200 §3, after the first byte. */
function readIpv6(reader: Reader): IpHeader | undefined {
  reader.skip(3);
  const payloadLength = reader.u16();
  const nextHeader = reader.u8();
  reader.skip(1);
  const source = readAddress(reader);
  const destination = readAddress(reader);
  // A mapped address must not appear on the wire (RFC 4291 §2.5.5.2): an IPv6 packet could pose as an
  // IPv4 host.
  if (source.family === 4 || destination.family === 4) return undefined;
  reader.limit(payloadLength);
  const protocol = skipExtensions(reader, nextHeader);
  return protocol === undefined ? undefined : { source, destination, protocol };
}

/** Returns the protocol after the extension headers (RFC 8200 §4), or `undefined` if it cannot be found. */
function skipExtensions(reader: Reader, nextHeader: number): number | undefined {
  let header = nextHeader;
  for (let i = 0; i <= mostExtensions && reader.ok; i++) {
    switch (header) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case MOBILITY:
      case HIP:
      case SHIM6:
        header = reader.u8();
        reader.skip(reader.u8() * 8 + 6);
        break;
      case AUTHENTICATION: // RFC 4302 §2.2: counted in words of four bytes, less two
        header = reader.u8();
        reader.skip(reader.u8() * 4 + 6);
        break;
      case FRAGMENT: {
        header = reader.u8();
        reader.skip(1);
        const offset = reader.u16() & 0xfff8;
        reader.skip(4);
        if (offset !== 0) return undefined;
        break;
      }
      default:
        return header;
    }
  }
  return undefined;
}

// The packets are built field by field: object spread took many times as long.

/** RFC 9293 §3.1 */
function readTcp(reader: Reader, frame: Frame, ip: IpHeader): Packet | undefined {
  const sourcePort = reader.u16();
  const port = reader.u16();
  const fingerprint = reader.u32();
  reader.skip(4);
  const headerWords = reader.u8() >> 4;
  const flags = reader.u8();
  reader.skip(6);
  if (!reader.ok || headerWords < 5) return undefined;
  const { source, destination } = ip;
  const { time, interfaceIndex, wireLength: length } = frame;
  const protocol = "tcp";
  const mayRepeat = headerWords > 5;
  const payloadStart = 0;
  const payloadLength = 0;
  return {
    time,
    interfaceIndex,
    length,
    protocol,
    source,
    destination,
    sourcePort,
    port,
    flags,
    mayRepeat,
    fingerprint,
    payloadStart,
    payloadLength,
  };
}

/** RFC 768 */
function readUdp(reader: Reader, frame: Frame, ip: IpHeader): Packet | undefined {
  const sourcePort = reader.u16();
  const port = reader.u16();
  const length = reader.u16();
  const checksum = reader.u16();
  if (!reader.ok || length < 8) return undefined;
  const fingerprint = length * 65536 + checksum;
  const payloadStart = reader.at;
  const payloadLength = length - 8 <= reader.left ? length - 8 : 0;
  const { source, destination } = ip;
  const { time, interfaceIndex, wireLength } = frame;
  const protocol = "udp";
  const flags = 0;
  const mayRepeat = false;
  return {
    time,
    interfaceIndex,
    length: wireLength,
    protocol,
    source,
    destination,
    sourcePort,
    port,
    flags,
    mayRepeat,
    fingerprint,
    payloadStart,
    payloadLength,
  };
}

function readAddress(reader: Reader): Address {
  return new Address(reader.u32(), reader.u32(), reader.u32(), reader.u32());
}
