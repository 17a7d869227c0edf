// Every length that a header can lie about, in every way, one by one. The slow reader of
// test/support/reference.ts says what is right.
import { expect, test } from "vitest";
import { decodeAlike } from "../../test/support/agreement.ts";
import type { Extension, PacketEnds } from "../../test/support/packets.ts";
import {
  address,
  fragment,
  frameOf,
  ipv4,
  ipv6,
  joined,
  TCP,
  tcp,
  tcpPacket,
  UDP,
  udp,
  udpPacket,
} from "../../test/support/packets.ts";
import { decode } from "./decode.ts";
import { whyRejected } from "./rejection.ts";

const v4: PacketEnds = { source: address("192.0.2.7"), destination: address("192.0.2.1") };
const v6: PacketEnds = { source: address("2001:db8::7"), destination: address("2001:db8::1") };
const segment = tcp({ port: 7000 });
const datagram = udp({ port: 7000 });

const range = (least: number, most: number) =>
  Array.from({ length: most - least + 1 }, (_, i) => least + i);

/** How many of the frames are packets, and how many are not. */
function count(frames: Iterable<Uint8Array>): { packets: number; others: number } {
  let packets = 0;
  let others = 0;
  for (const frame of frames) {
    if (decodeAlike(frame) !== undefined) packets++;
    else {
      others++;
      whyRejected(frameOf(frame));
    }
  }
  return { packets, others };
}

test("IPv4: each header length, with each total length, captured to each byte", () => {
  function* frames() {
    for (const [protocol, payload] of [
      [TCP, segment],
      [UDP, datagram],
    ] as const) {
      for (const words of range(0, 15)) {
        for (const totalLength of [...range(0, 84), 255, 256, 1500, 0x7fff, 0x8000, 0xffff]) {
          const options = new Uint8Array(Math.max(0, words - 5) * 4);
          const whole = ipv4({ ...v4, protocol, words, totalLength, options }, payload);
          const padded = joined(whole, new Uint8Array(80));
          for (let captured = 0; captured <= 80; captured++) yield padded.subarray(0, captured);
        }
      }
    }
  }
  const counted = count(frames());
  expect(counted.packets + counted.others).toBe(2 * 16 * 91 * 81);
  // With so many words of header (5 to 15) a packet has from `least` bytes on, by what it says and by
  // what was captured: 85 - least of the small total lengths and all six large ones.
  const expected = (size: number) =>
    range(5, 15)
      .map((words) => words * 4 + size)
      .filter((least) => least <= 80)
      .reduce((sum, least) => sum + (81 - least) * (85 - least + 6), 0);
  expect(counted.packets).toBe(expected(20) + expected(8));
});

test("IPv6: each payload length, captured to each byte", () => {
  function* frames() {
    for (const [protocol, payload] of [
      [TCP, segment],
      [UDP, datagram],
    ] as const) {
      for (const payloadLength of [...range(0, 40), 255, 256, 0x7fff, 0x8000, 0xffff]) {
        const whole = ipv6({ ...v6, protocol, payloadLength }, payload);
        const padded = joined(whole, new Uint8Array(40));
        for (let captured = 0; captured <= 80; captured++) yield padded.subarray(0, captured);
      }
    }
  }
  // A payload length of 0 would be a jumbogram (RFC 2675): no knock has 64 KiB.
  const expected = (size: number) => (81 - 40 - size) * (41 - size + 5);
  expect(count(frames()).packets).toBe(expected(20) + expected(8));
});

test("IPv6: each kind of extension header, 0 to 20 deep, with each length of the last one", () => {
  const kinds = [0, 43, 44, 51, 60, 135, 139, 140];
  /** An extension header of 16 bytes (8 for fragments) that says `size` in its second byte. */
  const lying = (header: number, size: number): Extension => {
    if (header === 44) return fragment(0, size % 2 === 1);
    const rest = new Uint8Array(15);
    rest[0] = size;
    return { header, rest };
  };
  /** Says what is so: in units of eight bytes, or of four less two. */
  const honestSize = (header: number) => (header === 51 ? 2 : 1);
  const sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 31, 32, 127, 128, 254, 255];
  let whole = 0;
  function* frames() {
    for (const kind of kinds) {
      for (const deep of range(0, 20)) {
        const chain = Array.from({ length: deep }, () => lying(kind, honestSize(kind)));
        const last = deep === 0 ? [0] : sizes;
        for (const size of last) {
          const extensions = [...chain.slice(0, -1), ...(deep === 0 ? [] : [lying(kind, size)])];
          const frame = ipv6({ ...v6, protocol: TCP, extensions }, segment);
          if (deep <= 16 && (kind === 44 || size === honestSize(kind) || deep === 0)) whole++;
          yield frame;
          yield frame.subarray(0, frame.length - 1);
        }
      }
    }
  }
  const { packets, others } = count(frames());
  expect(packets + others).toBe(8 * 2 * (1 + 20 * sizes.length));
  // Those that do not lie are packets; of those that do, what stands there instead may be one by chance.
  expect(packets).toBeGreaterThanOrEqual(whole);
  expect(whole).toBe(8 + 7 * 16 + 16 * sizes.length);
});

test("IPv6: extension headers of all kinds in a ring, none of which ever ends", () => {
  const kinds = [0, 43, 44, 51, 60, 135, 139, 140];
  const frames = kinds.flatMap((first) =>
    range(0, 300).map((length) => {
      // All zeros but the kinds: each header is eight bytes (the authentication header's least) long.
      const chain = new Uint8Array(length * 8);
      for (let i = 0; i < length; i++) chain[i * 8] = kinds[(first + i) % kinds.length] ?? 0;
      return ipv6({ ...v6, protocol: first, payloadLength: chain.length }, chain);
    }),
  );
  expect(count(frames)).toEqual({ packets: 0, others: 8 * 301 });
});

test("IPv6: an extension header that is cut off at each of its bytes", () => {
  const whole = ipv6(
    { ...v6, protocol: UDP, extensions: [{ header: 60, rest: new Uint8Array(7) }] },
    datagram,
  );
  const frames = range(0, whole.length).flatMap((captured) =>
    range(0, 20).map((payloadLength) => {
      const frame = Uint8Array.from(whole.subarray(0, captured));
      if (captured >= 6) new DataView(frame.buffer).setUint16(4, payloadLength);
      return frame;
    }),
  );
  expect(count(frames).packets).toBe(5); // all captured, and at least 16 bytes said: 16 to 20
});

test.each([
  ["IPv4", v4, 20],
  ["IPv6", v6, 40],
])("TCP behind %s: each data offset, captured to each byte", (_, ends, header) => {
  const frames = range(0, 15).flatMap((words) => {
    const whole = tcpPacket(ends, { port: 7000, words, data: new Uint8Array(60) });
    return range(0, whole.length).map((captured) => whole.subarray(0, captured));
  });
  // Options that are not there are no reason to drop it: the ports are.
  expect(count(frames).packets).toBe(11 * (header + 80 - (header + 20) + 1));
});

test("UDP: each length that it may say", () => {
  const frames = [...range(0, 100), 0x7fff, 0x8000, 0xffff].flatMap((length) => [
    udpPacket(v4, { port: 7000, length, data: new Uint8Array(20) }),
    udpPacket(v6, { port: 7000, length, data: new Uint8Array(20) }),
  ]);
  expect(count(frames)).toEqual({ packets: 2 * (101 - 8 + 3), others: 2 * 8 });
});

test("fragments: each offset, the flags in each way", () => {
  function* frames() {
    for (let fragmentOffset = 0; fragmentOffset <= 0x1fff; fragmentOffset++) {
      for (const moreFragments of [false, true]) {
        yield ipv4({ ...v4, protocol: TCP, fragmentOffset, moreFragments }, segment);
        const extensions = [fragment(fragmentOffset, moreFragments)];
        yield ipv6({ ...v6, protocol: TCP, extensions }, segment);
      }
    }
  }
  expect(count(frames())).toEqual({ packets: 4, others: 4 * 0x1fff });
});

test("every version and every protocol, alone", () => {
  const frames = range(0, 255).flatMap((value) => {
    const first = Uint8Array.from(tcpPacket(v4, { port: 7000 }));
    first[0] = value;
    return [
      first,
      ipv4({ ...v4, protocol: value }, segment),
      ipv6({ ...v6, protocol: value }, segment),
    ];
  });
  // The other first bytes say that more of it is header, or IPv6 in 40 bytes; and read as UDP the segment
  // has a length of 0.
  expect(count(frames).packets).toBe(1 + 2);
});

test.each([
  ["IPv4", v4],
  ["IPv6", v6],
])("%s: 256 bytes captured of 65,535", (_, ends) => {
  const header = ends === v4 ? 20 : 40;
  const whole = udpPacket(ends, { port: 7000, data: new Uint8Array(65_535 - header - 8) });
  const captured = whole.subarray(0, 256);
  expect(decodeAlike(captured)).toMatchObject({
    port: 7000,
    fingerprint: (65_535 - header) * 65_536,
  });
  expect(decode(frameOf(captured, { wireLength: 65_535 }))).toMatchObject({ length: 65_535 });
  // And the other way round: more said to be captured than there is memory.
  const data = new DataView(Uint8Array.from(whole.subarray(0, header + 7)).buffer);
  expect(decode({ ...frameOf(captured), data, start: 0, length: 65_535 })).toBeUndefined();
  expect(decode({ ...frameOf(captured), data, start: 5000, length: 65_535 })).toBeUndefined();
});
