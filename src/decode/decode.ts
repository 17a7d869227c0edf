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

interface IpHeader {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Whether other fragments have the rest of the payload. */
  readonly isFragment: boolean;
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
  const fragment = reader.u16();
  reader.skip(1);
  const protocol = reader.u8();
  reader.skip(2);
  const source = Address.v4(reader.u32());
  const destination = Address.v4(reader.u32());
  // The ports are in the first fragment only; later ones cannot be knocks.
  if (words < 5 || totalLength < words * 4 || (fragment & 0x1fff) !== 0) return undefined;
  const isFragment = (fragment & 0x2000) !== 0;
  reader.limit(totalLength - 20);
  reader.skip(words * 4 - 20);
  return reader.ok ? { source, destination, protocol, isFragment } : undefined;
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
  let protocol = nextHeader;
  let isFragment = false;
  // Extension headers: RFC 8200 §4
  for (let i = 0; i <= mostExtensions && reader.ok; i++) {
    switch (protocol) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case MOBILITY:
      case HIP:
      case SHIM6:
        protocol = reader.u8();
        reader.skip(reader.u8() * 8 + 6);
        break;
      case AUTHENTICATION: // RFC 4302 §2.2: counted in words of four bytes, less two
        protocol = reader.u8();
        reader.skip(reader.u8() * 4 + 6);
        break;
      case FRAGMENT: {
        protocol = reader.u8();
        reader.skip(1);
        const fragment = reader.u16();
        reader.skip(4);
        if ((fragment & 0xfff8) !== 0) return undefined;
        // An "atomic" fragment (RFC 6946) is whole.
        isFragment ||= (fragment & 1) !== 0;
        break;
      }
      default:
        return { source, destination, protocol, isFragment };
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
  const payloadLength = !ip.isFragment && length - 8 <= reader.left ? length - 8 : 0;
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
