// What a frame says, read a second time: slowly, by the RFCs, and from copies of the bytes, so that
// what lies outside cannot be read. It shares no code with src/decode.

/** What a TCP or UDP packet says of itself; addresses as their bytes. */
export interface ReferencePacket {
  readonly protocol: "tcp" | "udp";
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly sourcePort: number;
  readonly port: number;
  readonly flags: number;
  readonly mayRepeat: boolean;
  readonly fingerprint: number;
  /** What a datagram carries, if all of it is there, and in one fragment; empty for TCP. */
  readonly data: readonly number[];
}

interface Carried {
  readonly protocol: number;
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly payload: readonly number[];
  readonly moreFragments: boolean;
}

/** The most extension headers that we follow: our own bound, RFC 8200 has none. */
const mostExtensions = 16;

/** RFC 8200 §4, RFC 6275 (135), RFC 7401 (139), RFC 5533 (140): a unit of eight bytes, the first not counted. */
const inEights = [0, 43, 60, 135, 139, 140];

/** The TCP or UDP packet that begins with the first of these bytes, if its headers are there and do not lie. */
export function tell(frame: Uint8Array): ReferencePacket | undefined {
  const bytes = [...frame];
  const version = (bytes[0] ?? 0) >> 4;
  const carried =
    version === 4 ? carriedByV4(bytes) : version === 6 ? carriedByV6(bytes) : undefined;
  if (carried === undefined) return undefined;
  const { protocol, source, destination, payload, moreFragments } = carried;
  if (protocol === 6) {
    // RFC 9293 §3.1: the data offset is at least 5 words. Options need not have been captured.
    const words = (payload[12] ?? 0) >> 4;
    if (payload.length < 20 || words < 5) return undefined;
    return {
      protocol: "tcp",
      source,
      destination,
      sourcePort: number(payload, 0, 2),
      port: number(payload, 2, 2),
      flags: payload[13] ?? 0,
      mayRepeat: words !== 5,
      fingerprint: number(payload, 4, 4),
      data: [],
    };
  }
  if (protocol === 17) {
    // RFC 768: the length counts the header's own eight bytes.
    const length = number(payload, 4, 2);
    if (payload.length < 8 || length < 8) return undefined;
    return {
      protocol: "udp",
      source,
      destination,
      sourcePort: number(payload, 0, 2),
      port: number(payload, 2, 2),
      flags: 0,
      mayRepeat: false,
      fingerprint: number(payload, 4, 4),
      data: moreFragments || payload.length < length ? [] : payload.slice(8, length),
    };
  }
  return undefined;
}

/** How many bytes of the frame belong to the packet, as its IP header says; all, if it is none. */
export function lengthOf(frame: Uint8Array): number {
  const bytes = [...frame.subarray(0, 6)];
  const version = (bytes[0] ?? 0) >> 4;
  if (bytes.length < 6 || (version !== 4 && version !== 6)) return frame.length;
  const said = version === 4 ? number(bytes, 2, 2) : 40 + number(bytes, 4, 2);
  return Math.min(frame.length, said);
}

/** RFC 791 §3.1 */
function carriedByV4(bytes: readonly number[]): Carried | undefined {
  const headerLength = ((bytes[0] ?? 0) % 16) * 4;
  const packet = bytes.slice(0, number(bytes, 2, 2));
  if (headerLength < 20 || packet.length < headerLength) return undefined;
  const offset = number(packet, 6, 2) % 8192;
  const source = packet.slice(12, 16);
  const [first = 0] = source;
  const isEverybody = source.every((byte) => byte === 255);
  if (offset > 0 || first === 0 || (first >= 224 && first <= 239) || isEverybody) return undefined;
  const destination = packet.slice(16, 20);
  const moreFragments = (packet[6] ?? 0) % 64 >= 32;
  const payload = packet.slice(headerLength);
  return { protocol: packet[9] ?? 0, source, destination, payload, moreFragments };
}

/** RFC 8200 §3 and §4 */
function carriedByV6(bytes: readonly number[]): Carried | undefined {
  if (bytes.length < 40) return undefined;
  const source = bytes.slice(8, 24);
  const destination = bytes.slice(24, 40);
  if (isMapped(source) || isMapped(destination)) return undefined;
  if (source[0] === 255 || source.every((byte) => byte === 0)) return undefined;
  let payload = bytes.slice(40, 40 + number(bytes, 4, 2));
  let protocol = bytes[6] ?? 0;
  let moreFragments = false;
  for (let passed = 0; isExtension(protocol); passed++) {
    if (passed === mostExtensions || payload.length < 8) return undefined;
    if (protocol === 44 && number(payload, 2, 2) >> 3 > 0) return undefined;
    if (protocol === 44 && number(payload, 2, 2) % 2 === 1) moreFragments = true;
    const size = payload[1] ?? 0;
    const length = protocol === 44 ? 8 : protocol === 51 ? (size + 2) * 4 : (size + 1) * 8;
    if (payload.length < length) return undefined;
    protocol = payload[0] ?? 0;
    payload = payload.slice(length);
  }
  return { protocol, source, destination, payload, moreFragments };
}

function isExtension(protocol: number): boolean {
  return inEights.includes(protocol) || protocol === 44 || protocol === 51;
}

/** RFC 4291 §2.5.5.2: stands for an IPv4 address, and never on the wire. */
function isMapped(address: readonly number[]): boolean {
  return address.slice(0, 12).join() === "0,0,0,0,0,0,0,0,0,0,255,255";
}

/** A number of `size` bytes in the network's order. */
function number(bytes: readonly number[], at: number, size: number): number {
  return bytes.slice(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
}
