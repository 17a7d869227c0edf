import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, honest } from "../../test/support/arbitrary.ts";
import type { FilteredPacket } from "../../test/support/bpf.ts";
import { refusal, runFilter } from "../../test/support/bpf.ts";
import type { PacketEnds } from "../../test/support/packets.ts";
import {
  address,
  extension,
  fragment,
  frameOf,
  ipv4,
  ipv6,
  TCP,
  tcp,
  tcpPacket,
  udpPacket,
} from "../../test/support/packets.ts";
import type { PortSets, Protocol } from "../base/port.ts";
import { decode } from "../decode/decode.ts";
import { compileFilter } from "./filter.ts";

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const OTHERHOST = 3;

const v4: PacketEnds = { source: address("192.0.2.7"), destination: address("192.0.2.1") };
const v6: PacketEnds = { source: address("2001:db8::7"), destination: address("2001:db8::1") };

function arrives(packet: Uint8Array, more: Partial<FilteredPacket> = {}): FilteredPacket {
  const etherType = (packet[0] ?? 0) >> 4 === 6 ? IPV6 : IPV4;
  return { bytes: packet, etherType, packetType: 0, interfaceIndex: 1, ...more };
}

function watched(tcp: Iterable<number>, udp: Iterable<number> = []): PortSets {
  return { tcp: new Set(tcp), udp: new Set(udp) };
}

describe("with TCP 7000 and UDP 8000 on interface 3, the filter", () => {
  const program = compileFilter(watched([7000], [8000]), [3]);
  const knock = tcpPacket(v4, { port: 7000 });
  const at = (fields: Parameters<typeof ipv4>[0] | object, port = 7000) =>
    ipv4({ ...v4, protocol: TCP, ...fields }, tcp({ port }));
  const at6 = (fields: object, port = 7000) =>
    ipv6({ ...v6, protocol: TCP, ...fields }, tcp({ port }));

  test.each<[string, FilteredPacket]>([
    ["TCP 7000", arrives(knock)],
    ["UDP 8000", arrives(udpPacket(v4, { port: 8000 }))],
    ["TCP 7000 over IPv6", arrives(tcpPacket(v6, { port: 7000 }))],
    ["UDP 8000 over IPv6", arrives(udpPacket(v6, { port: 8000 }))],
    ["broadcast", arrives(knock, { packetType: 1 })],
    ["multicast", arrives(knock, { packetType: 2 })],
    ["IPv4 options", arrives(at({ options: new Uint8Array(40) }))],
    ["a first fragment", arrives(at({ moreFragments: true }))],
    ["hop-by-hop options, whatever follows", arrives(at6({ extensions: [extension(0)] }, 9))],
    ["an IPv6 fragment, whatever follows", arrives(at6({ extensions: [fragment(0)] }, 9))],
  ])("lets pass %s", (_, packet) => {
    expect(runFilter(program, { ...packet, interfaceIndex: 3 })).toBeGreaterThanOrEqual(0xffff);
  });

  test.each<[string, FilteredPacket]>([
    ["TCP 8000", arrives(tcpPacket(v4, { port: 8000 }))],
    ["UDP 7000", arrives(udpPacket(v4, { port: 7000 }))],
    ["TCP 6999", arrives(tcpPacket(v4, { port: 6999 }))],
    ["TCP 7001 over IPv6", arrives(tcpPacket(v6, { port: 7001 }))],
    ["TCP from port 7000", arrives(tcpPacket(v4, { port: 9, sourcePort: 7000 }))],
    ["packets for other machines", arrives(knock, { packetType: OTHERHOST })],
    ["a later fragment", arrives(at({ fragmentOffset: 1 }))],
    ["other protocols of IPv4", arrives(at({ protocol: 1 }))],
    ["other protocols of IPv6", arrives(at6({ protocol: 58 }))],
    ["what is not IP", arrives(knock, { etherType: 0x0806 })],
    ["a packet that is cut off before its port", arrives(knock.slice(0, 23))],
    ["nothing", arrives(new Uint8Array())],
  ])("drops %s", (_, packet) => {
    expect(runFilter(program, { ...packet, interfaceIndex: 3 })).toBe(0);
  });

  test("drops what comes in by another interface", () => {
    expect(runFilter(program, arrives(knock, { interfaceIndex: 2 }))).toBe(0);
  });
});

test.each([
  ["no ports", watched([]), undefined],
  ["no interface", watched([7000]), []],
])("with %s nothing passes", (_, ports, interfaces) => {
  const program = compileFilter(ports, interfaces);
  expect(refusal(program)).toBeUndefined();
  expect(runFilter(program, arrives(tcpPacket(v4, { port: 7000 })))).toBe(0);
});

/** What should become of a packet, said without any cleverness. */
function judge(
  { bytes, etherType, packetType, interfaceIndex }: FilteredPacket,
  ports: PortSets,
  interfaces: readonly number[] | undefined,
): boolean {
  const data = Buffer.from(bytes);
  const protocols: Record<number, Protocol> = { 6: "tcp", 17: "udp" };
  const isFor = (protocol: number, at: number) => {
    const name = protocols[protocol];
    return name !== undefined && at + 2 <= data.length && ports[name].has(data.readUInt16BE(at));
  };
  if (interfaces !== undefined && !interfaces.includes(interfaceIndex)) return false;
  if (packetType === OTHERHOST || ports.tcp.size + ports.udp.size === 0) return false;
  if (etherType === IPV4 && data.length >= 10) {
    if ((data.readUInt16BE(6) & 0x1fff) !== 0) return false;
    return isFor(data.readUInt8(9), (data.readUInt8(0) & 15) * 4 + 2);
  }
  if (etherType === IPV6 && data.length >= 7) {
    const next = data.readUInt8(6);
    return [0, 43, 44, 51, 60, 135, 139, 140].includes(next) || isFor(next, 42);
  }
  return false;
}

const port = fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 40 }));
const anyBytes = fc.oneof(
  honest.map(({ bytes }) => bytes),
  fc.tuple(honest, fc.nat(), fc.nat(255)).map(([{ bytes }, at, value]) => {
    const changed = Uint8Array.from(bytes);
    changed[at % bytes.length] = value;
    return changed;
  }),
  fc.tuple(honest, fc.nat(60)).map(([{ bytes }, length]) => bytes.slice(0, length)),
  bytes(80),
);
const arriving = fc.record({
  bytes: anyBytes,
  etherType: fc.constantFrom(IPV4, IPV4, IPV6, IPV6, 0x0806, 0),
  packetType: fc.integer({ min: 0, max: 4 }),
  interfaceIndex: fc.integer({ min: 1, max: 12 }),
});
const interfaceList = fc.option(
  fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 255 }),
  { nil: undefined },
);

test("up to 300 ports of each protocol pass exactly, whatever the packet and the interfaces", () => {
  const set = fc.oneof(
    fc.uniqueArray(port, { maxLength: 4 }),
    fc.uniqueArray(port, { minLength: 200, maxLength: 300 }),
  );
  fc.assert(
    fc.property(
      set,
      set,
      interfaceList,
      fc.array(arriving, { minLength: 20, maxLength: 40 }),
      (tcp, udp, interfaces, packets) => {
        const program = compileFilter(watched(tcp, udp), interfaces);
        expect(refusal(program)).toBeUndefined();
        for (const packet of packets) {
          // Most random packets are for no watched port: take those ports in, too.
          const their = decode(frameOf(packet.bytes))?.port ?? 0;
          for (const ports of [watched(tcp, udp), watched([...tcp.slice(1), their], udp)]) {
            const passes = runFilter(compileFilter(ports, interfaces), packet) > 0;
            expect(passes).toBe(judge(packet, ports, interfaces));
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("whatever decode makes a packet of, for a watched port, has passed", () => {
  fc.assert(
    fc.property(anyBytes, fc.boolean(), (bytes, more) => {
      const packet = decode(frameOf(bytes));
      fc.pre(packet !== undefined);
      const others = more ? [1, 1000, 60000] : [];
      const ports =
        packet.protocol === "tcp"
          ? watched([packet.port, ...others])
          : watched(others, [packet.port]);
      expect(runFilter(compileFilter(ports, undefined), arrives(bytes))).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

/** The longest headers of a TCP packet without extension headers. */
const longest = ipv4(
  { ...v4, protocol: TCP, options: new Uint8Array(40) },
  tcp({ port: 7000, options: new Uint8Array(40) }),
);

test("80 bytes tell decode as much as the whole packet, but where the filter asks for all of it", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const whole = decode(frameOf(bytes));
      fc.pre(whole !== undefined);
      const ports = watched([whole.port], [whole.port]);
      const captured = runFilter(compileFilter(ports, undefined, 300, 80), arrives(bytes));
      const short = decode(frameOf(bytes.subarray(0, captured), { wireLength: bytes.length }));
      const payloadLength = short?.payloadLength;
      expect(short).toEqual({ ...whole, payloadLength });
    }),
    { numRuns: 2000, examples: [[longest]] },
  );
});

/** The port numbers of a protocol that pass, as ranges. */
function passing(ports: PortSets, protocol: Protocol): [number, number][] {
  const program = compileFilter(ports, undefined);
  expect(refusal(program)).toBeUndefined();
  const knock = protocol === "tcp" ? tcpPacket(v6, { port: 0 }) : udpPacket(v6, { port: 0 });
  const packet = arrives(knock);
  const view = new DataView(knock.buffer, knock.byteOffset);
  const found: [number, number][] = [];
  for (let number = 0; number < 65536; number++) {
    view.setUint16(42, number);
    if (runFilter(program, packet) === 0) continue;
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found;
}

/** Numbers that look random and are the same every time. */
function scattered(count: number, seed: number): Set<number> {
  const numbers = new Set<number>();
  for (let x = seed; numbers.size < count; x = (Math.imul(x, 1664525) + 1013904223) >>> 0) {
    numbers.add(x >>> 16 || 1);
  }
  return numbers;
}

describe("the set that passes", () => {
  test.each<[string, Set<number>]>([
    ["one port", new Set([7000])],
    ["port 0", new Set([0])],
    ["port 65535", new Set([65535])],
    ["two ports", new Set([7000, 9000])],
    ["two neighbours", new Set([7000, 7001])],
    ["300 scattered ports", scattered(300, 1)],
    ["all ports", new Set(Array.from({ length: 65535 }, (_, i) => i + 1))],
    [
      "all ports but one",
      new Set(Array.from({ length: 65536 }, (_, i) => i).filter((i) => i !== 22)),
    ],
  ])("is exactly what was asked for: %s", (_, asked) => {
    for (const protocol of ["tcp", "udp"] as const) {
      const ports = { ...watched([], []), [protocol]: asked };
      const numbers = passing(ports, protocol).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      expect(numbers).toEqual([...asked].sort((a, b) => a - b));
      expect(passing(ports, protocol === "tcp" ? "udp" : "tcp")).toEqual([]);
    }
  });

  test.each<[string, Set<number>]>([
    ["600 scattered ports", scattered(600, 2)],
    ["5,000 scattered ports", scattered(5000, 3)],
    ["every hundredth port", new Set(Array.from({ length: 600 }, (_, i) => 1000 + i * 100))],
    ["every second port", new Set(Array.from({ length: 32768 }, (_, i) => i * 2))],
  ])("has all of %s, and only the narrowest gaps are closed", (_, asked) => {
    const found = passing({ tcp: asked, udp: asked }, "tcp");
    expect(found).toHaveLength(300);
    const isIn = (number: number) =>
      found.some(([first, last]) => first <= number && number <= last);
    const sorted = [...asked].sort((a, b) => a - b);
    expect(sorted.filter((number) => !isIn(number))).toEqual([]);
    const gaps = sorted.slice(1).map((number, i) => ({ number, width: number - (sorted[i] ?? 0) }));
    const closed = gaps.filter(({ number }) => isIn(number - 1));
    const open = gaps.filter(({ number }) => !isIn(number - 1));
    const width = (list: typeof gaps) => list.map((gap) => gap.width);
    expect(Math.max(...width(closed))).toBeLessThanOrEqual(Math.min(...width(open)));
  });
});

test("the largest program is one that the kernel takes", () => {
  const ports = { tcp: scattered(5000, 4), udp: scattered(5000, 5) };
  const interfaces = Array.from({ length: 255 }, (_, i) => i + 1);
  const program = compileFilter(ports, interfaces);
  expect(refusal(program)).toBeUndefined();
  const packet = (index: number) =>
    arrives(tcpPacket(v4, { port: [...ports.tcp][0] ?? 0 }), { interfaceIndex: index });
  expect(runFilter(program, packet(1))).toBeGreaterThan(0);
  expect(runFilter(program, packet(255))).toBeGreaterThan(0);
  expect(runFilter(program, packet(256))).toBe(0);
});
