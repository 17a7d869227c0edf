import { describe, expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import { monotonic } from "../base/time.ts";
import type { Packet } from "../decode/packet.ts";
import { DuplicateFilter } from "./duplicate-filter.ts";

const syn: Packet = {
  time: monotonic(1000),
  interfaceIndex: 1,
  payloadStart: 0,
  payloadLength: 0,
  length: 60,
  protocol: "tcp",
  source: address("192.0.2.7"),
  destination: address("192.0.2.1"),
  sourcePort: 40000,
  port: 7000,
  flags: 2,
  mayRepeat: true,
  fingerprint: 12345,
};
const datagram: Packet = {
  ...syn,
  protocol: "udp",
  flags: 0,
  mayRepeat: false,
  fingerprint: 0x000a841e,
};

/** Which of these packets, one after the other, are filter. */
function judge(...packets: Partial<Packet>[]): boolean[] {
  const filter = new DuplicateFilter();
  return packets.map((packet) => filter.isDuplicate({ ...syn, ...packet }));
}

test("a TCP packet that is sent again within 130 s is a repeat, and not after", () => {
  expect(
    judge({ time: monotonic(0) }, { time: monotonic(1) }, { time: monotonic(129_999) }),
  ).toEqual([false, true, true]);
  expect(judge({ time: monotonic(0) }, { time: monotonic(130_000) })).toEqual([false, false]);
});

test("the 130 s count from the first time, not from the last", () => {
  const times = [0, 1000, 3000, 7000, 63_000, 127_000, 130_000];
  expect(judge(...times.map((time) => ({ time: monotonic(time) })))).toEqual([
    ...[false, true, true, true, true, true],
    false,
  ]);
});

test("a TCP packet that comes by another interface is a repeat, too", () => {
  expect(judge({ time: monotonic(0) }, { time: monotonic(50), interfaceIndex: 2 })).toEqual([
    false,
    true,
  ]);
});

test("a TCP packet with options is no repeat of one without, nor the other way round", () => {
  const bare = { mayRepeat: false };
  expect(judge(bare, {}, {})).toEqual([false, false, true]);
  expect(judge({}, bare, {})).toEqual([false, false, true]);
});

describe("a TCP packet is another one if it differs in", () => {
  test.each<[string, Partial<Packet>]>([
    ["its source", { source: address("192.0.2.8") }],
    ["its source's family", { source: address("2001:db8::192.0.2.7") }],
    ["its source port", { sourcePort: 40001 }],
    ["its port", { port: 7001 }],
    ["its sequence number", { fingerprint: 12346 }],
    ["the high bits of its sequence number", { fingerprint: 12345 + 2 ** 31 }],
    ["its protocol", { protocol: "udp" }],
  ])("%s", (_, other) => {
    expect(judge({ time: monotonic(0) }, { time: monotonic(1), ...other })).toEqual([false, false]);
  });
});

test("a datagram on two interfaces within 5 ms is one, and two after that", () => {
  const on = (interfaceIndex: number, time: number) => ({
    ...datagram,
    interfaceIndex,
    time: monotonic(time),
  });
  expect(judge(on(1, 0), on(2, 4))).toEqual([false, true]);
  expect(judge(on(1, 0), on(2, 5))).toEqual([false, false]);
});

test("a datagram twice on one interface counts twice, on a bridge and its port as well", () => {
  const on = (interfaceIndex: number, time: number) => ({
    ...datagram,
    interfaceIndex,
    time: monotonic(time),
  });
  expect(judge(on(1, 0), on(1, 1))).toEqual([false, false]);
  expect(judge(on(1, 0), on(2, 0.1), on(1, 1), on(2, 1.1))).toEqual([false, true, false, true]);
});

test("datagrams with other data are others, even at once on two interfaces", () => {
  const other = { ...datagram, interfaceIndex: 2, fingerprint: datagram.fingerprint + 1 };
  expect(judge(datagram, other)).toEqual([false, false]);
});

test("a source is remembered while thousands of others knock", () => {
  const filter = new DuplicateFilter();
  filter.isDuplicate(syn);
  for (let i = 0; i < 10_000; i++) {
    filter.isDuplicate({ ...syn, fingerprint: 20_000 + i, time: monotonic(syn.time + i / 10) });
  }
  expect(filter.isDuplicate({ ...syn, time: monotonic(syn.time + 3000) })).toBe(true);
});

test("after any number of packets new ones are still told from repeats", () => {
  const filter = new DuplicateFilter();
  const packets = Array.from({ length: 400_000 }, (_, i) => ({
    ...syn,
    fingerprint: i,
    time: monotonic(i / 100),
  }));
  for (const packet of packets) filter.isDuplicate(packet);
  const again = packets.slice(-1000).filter((packet) => filter.isDuplicate(packet));
  // The oldest of a set makes room: what came last is still there.
  expect(again.length).toBeGreaterThan(990);
  const fresh = packets.slice(0, 1000).map((packet) => ({ ...packet, port: 1 }));
  expect(
    fresh.filter((packet) => filter.isDuplicate({ ...packet, time: monotonic(5000) })),
  ).toEqual([]);
});
