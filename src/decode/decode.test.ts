import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, honest, octet } from "../../test/support/arbitrary.ts";
import type { Extension, PacketEnds } from "../../test/support/packets.ts";
import {
  ACK,
  address,
  authentication,
  extension,
  fragment,
  frameOf,
  hex,
  ipv4,
  ipv6,
  joined,
  SYN,
  TCP,
  tcp,
  tcpPacket,
  UDP,
  udp,
  udpPacket,
} from "../../test/support/packets.ts";
import { monotonic } from "../base/time.ts";
import { decode } from "./decode.ts";

const v4: PacketEnds = { source: address("192.0.2.7"), destination: address("192.0.2.1") };
const v6: PacketEnds = { source: address("2001:db8::7"), destination: address("2001:db8::1") };

const real = {
  "a SYN of Linux, IPv4": {
    bytes: `4500 003c e074 4000 4006 d644 c000 0201 c000 0201 b626 1b58 c948 2ab4 0000 0000
            a002 ffd7 8431 0000 0204 ffd7 0402 080a 0d10 be43 0000 0000 0103 030a`,
    says: {
      protocol: "tcp",
      source: address("192.0.2.1"),
      destination: address("192.0.2.1"),
      sourcePort: 46630,
      port: 7000,
      flags: 0x02,
      fingerprint: 3376949940,
      length: 60,
    },
  },
  "a SYN of Linux, IPv6": {
    bytes: `6005 4de8 0028 0640 2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000
            0000 0000 0000 0001 b776 1b58 cc36 2026 0000 0000 a002 ffc4 5ba2 0000 0204 ffc4
            0402 080a 7e4e f8ee 0000 0000 0103 030a`,
    says: {
      protocol: "tcp",
      source: address("2001:db8::1"),
      destination: address("2001:db8::1"),
      sourcePort: 46966,
      port: 7000,
      flags: 0x02,
      fingerprint: 3426099238,
      length: 80,
    },
  },
  "an answer to a closed port": {
    bytes: `4500 0028 0000 4000 4006 b6cd c000 0201 c000 0201 1b58 b626 0000 0000 c948 2ab5
            5014 0000 6651 0000`,
    says: { protocol: "tcp", sourcePort: 7000, port: 46630, flags: 0x14, fingerprint: 0 },
  },
  "a datagram, IPv4": {
    bytes: "4500 001e fbf7 4000 4011 bad4 c000 0201 c000 0201 8a80 1f40 000a 841e 6869",
    says: {
      protocol: "udp",
      sourcePort: 35456,
      port: 8000,
      flags: 0,
      fingerprint: 0x000a_841e,
      length: 30,
    },
  },
  "an empty datagram, IPv6": {
    bytes: `6005 0a10 0008 1140 2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000
            0000 0000 0000 0001 c868 1f40 0008 5b8d`,
    says: { protocol: "udp", sourcePort: 51304, port: 8000, fingerprint: 0x0008_5b8d },
  },
  "a SYN of nmap": {
    bytes: `4500 002c 1c02 0000 3406 e6c7 c000 0201 c000 0201 f5a3 1b58 6bc1 19a6 0000 0000
            6002 0400 79c0 0000 0204 05b4`,
    says: { sourcePort: 62883, port: 7000, flags: 0x02, fingerprint: 1807817126, length: 44 },
  },
  "a SYN of hping3, from another address": {
    bytes: `4500 0028 e7fc 0000 4006 51d1 7f00 0001 c000 0201 07be 1b58 7ffc 2fb2 72d4 3418
            5002 0200 f32e 0000`,
    says: { source: address("127.0.0.1"), sourcePort: 1982, port: 7000, flags: 0x02 },
  },
};

test.each(Object.entries(real))("reads %s", (_, { bytes, says }) => {
  expect(decode(frameOf(hex(bytes)))).toMatchObject(says);
});

test("the header checksums of built packets are right", () => {
  const built = Buffer.from(tcpPacket(v4, { port: 7000 }));
  const sum = Array.from({ length: 10 }, (_, i) => built.readUInt16BE(i * 2));
  // RFC 1071: with the checksum in it, the ones' complement sum is all ones.
  expect(sum.reduce((total, word) => total + word) % 0xffff).toBe(0);
});

test.each<[string, string]>([
  [
    "an ICMP error that quotes a datagram",
    `45c0 003a 7fc4 0000 4001 763c c000 0201 c000 0201 0303 66aa 0000 0000 4500 001e
     fbf7 4000 4011 bad4 c000 0201 c000 0201 8a80 1f40 000a 841e 6869`,
  ],
  [
    "an ICMPv6 error that quotes a datagram",
    `600b ead5 0038 3a40 2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000
     0000 0000 0000 0001 0104 8905 0000 0000 6005 0a10 0008 1140 2001 0db8 0000 0000
     0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0001 c868 1f40 0008 5b8d`,
  ],
  ["an ARP request", "0001 0800 0604 0001 0200 0000 0001 c000 0201 0000 0000 0000 c000 0202"],
  ["nothing at all", ""],
  ["one byte", "45"],
])("drops %s", (_, bytes) => {
  expect(decode(frameOf(hex(bytes)))).toBeUndefined();
});

describe("drops", () => {
  const knock = { port: 7000 };
  const from = (text: string) => ({ ...v4, source: address(text) });
  const from6 = (text: string) => ({ ...v6, source: address(text) });
  const onlyHeader = (words: number) =>
    ipv4({ ...v4, protocol: TCP, words, totalLength: 4 * words + 20 }, tcp(knock));
  test.each<[string, Uint8Array]>([
    ["version 5", joined(Uint8Array.of(0x55), tcpPacket(v4, knock).slice(1))],
    ["an IPv4 header of four words", onlyHeader(4)],
    ["an IPv4 header of no words", onlyHeader(0)],
    [
      "an IPv4 packet that says it is shorter than its header",
      ipv4({ ...v4, protocol: TCP, totalLength: 19 }, tcp(knock)),
    ],
    [
      "an IPv4 packet that says it ends within the TCP header",
      ipv4({ ...v4, protocol: TCP, totalLength: 39 }, tcp(knock)),
    ],
    [
      "an IPv6 packet that says it ends within the UDP header",
      ipv6({ ...v6, protocol: UDP, payloadLength: 7 }, udp(knock)),
    ],
    ["a later fragment", ipv4({ ...v4, protocol: TCP, fragmentOffset: 1 }, tcp(knock))],
    ["the last fragment", ipv4({ ...v4, protocol: TCP, fragmentOffset: 0x1fff }, tcp(knock))],
    [
      "a later fragment of IPv6",
      ipv6({ ...v6, protocol: TCP, extensions: [fragment(1, true)] }, tcp(knock)),
    ],
    ["a TCP header of four words", tcpPacket(v4, { ...knock, words: 4 })],
    ["a datagram of seven bytes", udpPacket(v4, { ...knock, length: 7 })],
    ["a protocol that has no ports", ipv4({ ...v4, protocol: 50 }, tcp(knock))],
    ["no next header", ipv6({ ...v6, protocol: 59 }, tcp(knock))],
    [
      "more than 16 extension headers",
      ipv6(
        { ...v6, protocol: TCP, extensions: Array<Extension>(17).fill(extension(60)) },
        tcp(knock),
      ),
    ],
    ["the unspecified source", tcpPacket(from("0.0.0.0"), knock)],
    ["a source of this network", tcpPacket(from("0.1.2.3"), knock)],
    ["a multicast source", tcpPacket(from("224.0.0.1"), knock)],
    ["the last multicast source", tcpPacket(from("239.255.255.255"), knock)],
    ["the broadcast source", tcpPacket(from("255.255.255.255"), knock)],
    ["the unspecified source of IPv6", tcpPacket(from6("::"), knock)],
    ["a multicast source of IPv6", tcpPacket(from6("ff02::1"), knock)],
    ["an IPv6 packet from a mapped address", ipv6({ ...v4, protocol: TCP }, tcp(knock))],
    [
      "an IPv6 packet to a mapped address",
      ipv6({ ...v6, destination: v4.destination, protocol: TCP }, tcp(knock)),
    ],
  ])("%s", (_, bytes) => {
    expect(decode(frameOf(bytes))).toBeUndefined();
  });
});

describe("reads", () => {
  const extensions = (...list: Extension[]) =>
    ipv6({ ...v6, protocol: TCP, extensions: list }, tcp({ port: 7000 }));
  test.each<[string, Uint8Array]>([
    [
      "IPv4 options",
      ipv4({ ...v4, protocol: TCP, options: new Uint8Array(40) }, tcp({ port: 7000 })),
    ],
    [
      "the first of several fragments",
      ipv4({ ...v4, protocol: TCP, moreFragments: true }, tcp({ port: 7000 })),
    ],
    ["TCP options", tcpPacket(v4, { port: 7000, options: new Uint8Array(40) })],
    ["bytes behind the end of the packet", joined(tcpPacket(v4, { port: 7000 }), hex("0000"))],
    [
      "source 223.255.255.255",
      tcpPacket({ ...v4, source: address("223.255.255.255") }, { port: 7000 }),
    ],
    ["source 240.0.0.1", tcpPacket({ ...v4, source: address("240.0.0.1") }, { port: 7000 })],
    ["source ::2", tcpPacket({ ...v6, source: address("::2") }, { port: 7000 })],
    ["hop-by-hop options", extensions(extension(0))],
    ["a routing header of 24 bytes", extensions(extension(43, 2))],
    ["the first fragment of IPv6", extensions(fragment(0, true))],
    ["an authentication header", extensions(authentication(7))],
    ["destination options", extensions(extension(60, 255))],
    ["mobility, HIP and shim6", extensions(extension(135), extension(139, 1), extension(140))],
    ["sixteen extension headers", extensions(...Array<Extension>(16).fill(extension(60)))],
  ])("%s", (_, bytes) => {
    expect(decode(frameOf(bytes))).toMatchObject({ protocol: "tcp", port: 7000 });
  });

  test.each<[string, Uint8Array, number]>([
    ["a datagram", udpPacket(v4, { port: 1, data: hex("0102") }), 2],
    [
      "the first of several fragments",
      ipv4({ ...v4, protocol: UDP, moreFragments: true }, udp({ port: 1, data: hex("0102") })),
      0,
    ],
    [
      "the first fragment of IPv6",
      ipv6(
        { ...v6, protocol: UDP, extensions: [fragment(0, true), extension(60)] },
        udp({ port: 1, data: hex("0102") }),
      ),
      0,
    ],
    [
      "the only fragment of IPv6",
      ipv6(
        { ...v6, protocol: UDP, extensions: [fragment(0)] },
        udp({ port: 1, data: hex("0102") }),
      ),
      2,
    ],
  ])("the payload of %s, if it is whole", (_, bytes, payloadLength) => {
    expect(decode(frameOf(bytes))).toMatchObject({ protocol: "udp", port: 1, payloadLength });
  });

  test("UDP of the same data alike and of other data differently", () => {
    const print = (checksum: number, data: string) =>
      decode(frameOf(udpPacket(v4, { port: 1, checksum, data: hex(data) })))?.fingerprint;
    expect(print(7, "00")).toBe(print(7, "00"));
    expect(print(7, "00")).not.toBe(print(8, "01"));
    expect(print(7, "00")).not.toBe(print(7, "0000"));
  });

  test("time, interface and length off the frame", () => {
    const frame = frameOf(tcpPacket(v4, { port: 1 }), {
      time: monotonic(12.5),
      interfaceIndex: 7,
      wireLength: 1400,
    });
    expect(decode(frame)).toMatchObject({ time: 12.5, interfaceIndex: 7, length: 1400 });
  });
});

test("what was built is what is read", () => {
  fc.assert(
    fc.property(honest, ({ bytes, says }) => {
      expect(decode(frameOf(bytes))).toMatchObject(says);
    }),
  );
});

/** As the library declares DataView, no class may extend it. */
const View = DataView as unknown as new (buffer: ArrayBufferLike) => DataView;

/** Fails when anything is read outside of the frame, even if it lies inside the memory around it. */
class Fence extends View {
  readonly from: number;
  readonly to: number;

  constructor(around: Uint8Array, from: number, to: number) {
    super(around.buffer);
    this.from = from;
    this.to = to;
  }

  #check(at: number, size: number): void {
    if (at < this.from || at + size > this.to) throw new Error(`read ${size} bytes at ${at}`);
  }

  override getUint8(at: number): number {
    this.#check(at, 1);
    return super.getUint8(at);
  }

  override getUint16(at: number, littleEndian?: boolean): number {
    this.#check(at, 2);
    return super.getUint16(at, littleEndian);
  }

  override getUint32(at: number, littleEndian?: boolean): number {
    this.#check(at, 4);
    return super.getUint32(at, littleEndian);
  }
}

function decodeFenced(bytes: Uint8Array) {
  const around = joined(new Uint8Array(16).fill(0xff), bytes, new Uint8Array(16).fill(0xff));
  const data = new Fence(around, 16, 16 + bytes.length);
  return decode(frameOf(bytes, { data, start: 16 }));
}

describe("no bytes make it throw or read outside the frame:", () => {
  test("random ones", () => {
    const version = fc.constantFrom(0x45, 0x46, 0x4f, 0x40, 0x60, 0x6f, 0x00, 0xff);
    const hostile = fc
      .tuple(version, bytes(200))
      .map(([first, rest]) => joined(Uint8Array.of(first), rest));
    fc.assert(
      fc.property(fc.oneof(hostile, bytes(200)), (data) => {
        decodeFenced(data);
      }),
      { numRuns: 5000 },
    );
  });

  test("honest packets, cut off anywhere: none of them is read without its ports", () => {
    fc.assert(
      fc.property(honest, ({ bytes, says, payload }) => {
        const needed = bytes.length - payload.length + (says.protocol === "tcp" ? 20 : 8);
        for (let length = 0; length <= bytes.length; length++) {
          const read = decodeFenced(bytes.slice(0, length));
          if (length < needed) expect(read).toBeUndefined();
          else expect(read).toMatchObject(says);
        }
      }),
    );
  });

  test("honest packets with any one byte changed", () => {
    fc.assert(
      fc.property(honest, fc.nat(), octet, ({ bytes }, at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at % bytes.length] = value;
        decodeFenced(changed);
      }),
      { numRuns: 5000 },
    );
  });

  test("every length field lying in every way", () => {
    const v4Fields = fc.record({
      words: fc.nat(15),
      totalLength: fc.nat(200),
      tcpWords: fc.nat(15),
    });
    fc.assert(
      fc.property(v4Fields, bytes(8), ({ words, totalLength, tcpWords }, data) => {
        const payload = tcp({ port: 7000, words: tcpWords, data });
        decodeFenced(ipv4({ ...v4, protocol: TCP, words, totalLength }, payload));
        decodeFenced(ipv6({ ...v6, protocol: TCP, payloadLength: totalLength }, payload));
        decodeFenced(udpPacket(v4, { port: 7000, length: totalLength, data }));
      }),
    );
  });

  test("extension headers that lie about their length, or never end", () => {
    const kinds = fc.constantFrom(0, 43, 44, 51, 60, 135, 139, 140);
    const lie = fc
      .tuple(kinds, octet, bytes(20))
      .map(([header, size, rest]) => ({ header, rest: joined(Uint8Array.of(size), rest) }));
    fc.assert(
      fc.property(fc.array(lie, { maxLength: 40 }), kinds, (extensions, protocol) => {
        decodeFenced(ipv6({ ...v6, protocol, extensions }, new Uint8Array()));
      }),
      { numRuns: 2000 },
    );
  });
});

test("a frame whose length is more than there are bytes ends where they end", () => {
  const whole = tcpPacket(v4, { port: 7000, flags: SYN | ACK });
  const data = new DataView(whole.buffer, 0, 30);
  expect(decode({ ...frameOf(whole), data, start: 0, length: 40 })).toBeUndefined();
});

describe("the payload of a datagram", () => {
  const data = hex("0102 0304 0506");
  /** Where it begins behind the IP header's first byte, and its length. */
  const payloadOf = (bytes: Uint8Array) => {
    const frame = frameOf(bytes);
    const { payloadStart = -1, payloadLength = -1 } = decode(frame) ?? {};
    return payloadStart === 0 ? [0, 0] : [payloadStart - frame.start, payloadLength];
  };
  const sent = (length?: number) =>
    udp({ port: 7000, data, ...(length !== undefined && { length }) });

  test.each([
    ["IPv4", ipv4({ ...v4, protocol: UDP }, sent()), [28, 6]],
    ["IPv6", ipv6({ ...v6, protocol: UDP }, sent()), [48, 6]],
    ["bytes behind it", joined(ipv4({ ...v4, protocol: UDP }, sent()), data), [28, 6]],
    ["a shorter length", ipv4({ ...v4, protocol: UDP }, sent(10)), [28, 2]],
    ["a length beyond the packet", ipv4({ ...v4, protocol: UDP }, sent(15)), [28, 0]],
    ["a cut capture", ipv4({ ...v4, protocol: UDP }, sent()).subarray(0, 33), [28, 0]],
    ["TCP", ipv4({ ...v4, protocol: TCP }, tcp({ port: 7000, data })), [0, 0]],
  ])("%s", (_, bytes, expected) => {
    expect(payloadOf(bytes)).toEqual(expected);
  });
});
