import { Address } from "../../src/base/address.ts";
import { monotonic } from "../../src/base/time.ts";
import type { Packet } from "../../src/decode/packet.ts";
import type { Door } from "../../src/match/door.ts";
import { Matcher } from "../../src/match/matcher.ts";
import { measure } from "./measure.ts";

const sources = 50_000;
const ports = [7003, 9140, 8455];
const server = Address.v4(0x0a4d0001);

const door: Door = {
  name: "ssh",
  sequence: ports.map((number) => ({ number, protocol: "tcp" as const })),
  timeout: 10_000,
  flags: { mask: 2, value: 2 },
  target: undefined,
  allow: undefined,
  deny: [],
};

/** SYNs from one source after the other to one port, 3 µs apart. */
function packetsTo(port: number, start: number): Packet[] {
  return Array.from({ length: sources }, (_, i) => ({
    time: monotonic(start + i * 0.003),
    interfaceIndex: 1,
    payloadStart: 0,
    payloadLength: 0,
    length: 44,
    protocol: "tcp",
    source: Address.v4((0x0b000000 + (Math.imul(i, 0x9e3779b1) & 0xffffff)) >>> 0),
    destination: server,
    sourcePort: 40_000,
    port,
    flags: 2,
    mayRepeat: true,
    fingerprint: i,
  }));
}

const [first = [], second = [], third = []] = ports.map((port, i) => packetsTo(port, i * 1_000));
const unwatched = packetsTo(1, 0);

/** A matcher that has taken these packets. `most`: how many attempts there may be. */
function matcherAfter(packets: readonly Packet[], most = 1_000_000): Matcher {
  const matcher = new Matcher({ maxAttempts: most, isOurs: () => true });
  matcher.setDoors([door]);
  play(matcher, packets);
  return matcher;
}

function play(matcher: Matcher, packets: readonly Packet[]): void {
  for (const packet of packets) matcher.hit(packet);
}

export function measureMatch(): void {
  const cases: readonly (readonly [string, () => Matcher, readonly Packet[]])[] = [
    ["match: a port that no door has", () => matcherAfter([]), unwatched],
    ["match: a first hit of a new source", () => matcherAfter([]), first],
    ["match: the same, the table full", () => matcherAfter(first, 1_000), first],
    ["match: a second hit", () => matcherAfter(first), second],
    ["match: a hit that completes", () => matcherAfter([...first, ...second]), third],
  ];
  for (const [name, prepare, packets] of cases) {
    measure(name, sources, prepare, (matcher) => play(matcher, packets));
  }
  measure(
    "match: an attempt that expires",
    sources,
    () => matcherAfter(first),
    (matcher) => matcher.expire(monotonic(60_000)),
  );
}
