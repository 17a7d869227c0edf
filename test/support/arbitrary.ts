// Random packets for property tests.
import fc from "fast-check";
import { Address } from "../../src/base/address.ts";
import type { Packet } from "../../src/decode/packet.ts";
import { authentication, extension, fragment, ipv4, ipv6, TCP, tcp, UDP, udp } from "./packets.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 65535 });
export const octet = fc.integer({ min: 0, max: 255 });
export const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const somebodyV4 = fc.integer({ min: 0x01000000, max: 0xdfffffff }).map((bits) => Address.v4(bits));
const somebodyV6 = fc
  .tuple(fc.integer({ min: 1, max: 0xfeffffff }), word, word, word)
  .map(([w0, w1, w2, w3]) => new Address(w0, w1, w2, w3));
const ends = fc.oneof(
  fc.record({ source: somebodyV4, destination: somebodyV4 }),
  fc.record({ source: somebodyV6, destination: somebodyV6 }),
);
const extensionHeader = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 43, 60, 135, 139, 140), fc.integer({ min: 0, max: 3 }))
    .map((args) => extension(...args)),
  fc.integer({ min: 3, max: 9 }).map(authentication),
  fc.boolean().map((more) => fragment(0, more)),
);
const segment = fc.record({
  sourcePort: port,
  port,
  flags: octet,
  sequence: word,
  options: bytes(40),
  data: bytes(60),
});
const datagram = fc.record({ sourcePort: port, port, checksum: port, data: bytes(60) });
const wrapping = fc.record({
  options: bytes(40),
  moreFragments: fc.boolean(),
  extensions: fc.array(extensionHeader, { maxLength: 16 }),
});

export interface Honest {
  readonly bytes: Uint8Array;
  /** What it carries: its last bytes. */
  readonly payload: Uint8Array;
  readonly says: Omit<
    Packet,
    "time" | "interfaceIndex" | "length" | "payloadStart" | "payloadLength"
  >;
}

/** A packet that is whole and honest, of any kind that can be a knock, and what it says. */
export const honest: fc.Arbitrary<Honest> = fc
  .tuple(ends, wrapping, fc.oneof(segment, datagram))
  .map(([addresses, around, fields]) => {
    const build = addresses.source.family === 4 ? ipv4 : ipv6;
    const { sourcePort, port } = fields;
    const ports = { ...addresses, sourcePort, port };
    if ("flags" in fields) {
      const payload = tcp(fields);
      const bytes = build({ ...addresses, ...around, protocol: TCP }, payload);
      const { flags, sequence: fingerprint, options } = fields;
      const mayRepeat = options !== undefined && options.length > 0;
      const says = { ...ports, protocol: "tcp", flags, mayRepeat, fingerprint } as const;
      return { bytes, payload, says };
    }
    const payload = udp(fields);
    const bytes = build({ ...addresses, ...around, protocol: UDP }, payload);
    const fingerprint = payload.length * 65536 + fields.checksum;
    const says = { ...ports, protocol: "udp", flags: 0, mayRepeat: false, fingerprint } as const;
    return { bytes, payload, says };
  });
