import { createSocket } from "node:dgram";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { Host } from "../../src/capture/host.ts";
import { Ring } from "../../src/capture/ring.ts";
import { openRingSocket } from "../../src/capture/ring-socket.ts";
import type { Sink } from "../../src/capture/source.ts";
import type { RingSize } from "../../src/ffi/packet-socket.ts";
import { attachFilter } from "../../src/ffi/packet-socket.ts";
import { watchNetwork } from "../../src/ffi/rtnetlink.ts";
import { Collector, describeSource, v4, v6 } from "../contract/source.ts";
import {
  address,
  authentication,
  extension,
  fragment,
  ipv4,
  ipv6,
  TCP,
  tcp,
  tcpPacket,
  udpPacket,
} from "../support/packets.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { stranger, Tunnel, Wire } from "./wire.ts";

// The real one, and how often it was called.
vi.mock(import("../../src/ffi/packet-socket.ts"), async (original) => {
  const real = await original();
  return { ...real, attachFilter: vi.fn(real.attachFilter) };
});

const knock = tcpPacket(v4, { port: 7000 });

const skip = needs();

/** How much memory the filters of a socket may take: bytes. */
const filterRoom = "/proc/sys/net/core/optmem_max";

let wire: Wire;

beforeAll(async () => {
  if (skip === undefined) wire = await Wire.lay();
});
afterAll(() => wire?.close());

/** A source on a ring, and the wire to it. */
function bench(interfaces: readonly string[] | undefined, size?: RingSize) {
  return (sink: Sink) => ({
    source: new Ring(interfaces, systemClock, sink, size && openRingSocket(size)),
    send: (...packets: readonly Uint8Array[]) => wire.send(...packets),
    now: () => systemClock.now(),
  });
}

describeSource("Ring on all interfaces", bench(undefined), { filters: true, skip });
describeSource("Ring on one interface", bench(["near"]), { filters: true, skip });

describe.skipIf(skip)("the ring", () => {
  let collectors: Collector<Ring>[] = [];
  const listen = (interfaces?: readonly string[], size?: RingSize) => {
    const collector = new Collector(bench(interfaces, size));
    collector.watch([7000, 7001]);
    collectors.push(collector);
    return collector;
  };
  afterEach(() => {
    for (const { bench: open } of collectors) open.source.close();
    collectors = [];
  });

  describe("with a second wire", () => {
    let other: Wire;
    beforeEach(async () => {
      other = await Wire.lay("near2", "far2");
    });
    afterEach(() => other.close());

    test("replaces the filter when its interfaces change, and at no other change of the network", async () => {
      const rings = [listen(), listen(["near"]), listen(["near", "near2"])];
      const told = () => {
        vi.mocked(attachFilter).mockClear();
        for (const { bench } of rings) bench.source.interfacesChanged();
        return vi.mocked(attachFilter).mock.calls.length;
      };
      expect(told()).toBe(0);
      await other.cut();
      expect([told(), told()]).toEqual([1, 0]);
      await other.plugIn();
      expect([told(), told()]).toEqual([1, 0]);
    });

    test("hears all interfaces, or those that were named alone", async () => {
      const all = listen();
      const one = listen(["near"]);
      const both = listen(["near2", "near"]);
      other.send(tcpPacket(v4, { port: 7001 }));
      wire.send(knock);
      await Promise.all([all.send(), one.send(), both.send()]);
      expect(all.ports).toEqual(["tcp 7001", "tcp 7000"]);
      expect(one.ports).toEqual(["tcp 7000"]);
      expect(both.ports).toEqual(["tcp 7001", "tcp 7000"]);
      const indexes = [other.index("near2"), wire.index("near")];
      expect(all.packets.map(({ interfaceIndex }) => interfaceIndex)).toEqual(indexes);
    });

    test("listens on other interfaces from when it is told", async () => {
      const ring = listen(["near"]);
      other.send(knock);
      await ring.send();
      ring.bench.source.listen(["near", "near2"]);
      other.send(knock);
      await ring.send();
      expect(ring.ports).toEqual(["tcp 7000"]);
    });

    test("hears an interface that was deleted and made again, once it is told", async () => {
      const all = listen();
      const ring = listen(["near", "near2"]);
      other.send(knock);
      await ring.send();
      const before = other.index("near2");
      await other.cut();
      ring.bench.source.interfacesChanged();
      expect(ring.bench.source.missing()).toEqual(["near2"]);
      wire.send(knock);
      await ring.send();
      await other.plugIn();
      expect(other.index("near2")).not.toBe(before);
      ring.bench.source.interfacesChanged();
      expect(ring.bench.source.missing()).toEqual([]);
      other.send(knock);
      await Promise.all([all.send(), ring.send()]);
      expect(ring.packets.map(({ interfaceIndex }) => interfaceIndex)).toEqual([
        before,
        wire.index("near"),
        other.index("near2"),
      ]);
      // Who listens on all need not be told.
      expect(all.ports).toHaveLength(3);
    });
  });

  test("waits for an interface that is not there yet", async () => {
    const ring = listen(["later"]);
    expect(ring.bench.source.missing()).toEqual(["later"]);
    const later = await Wire.lay("later", "later-far");
    try {
      ring.bench.source.listen(["later", "near"]);
      later.send(knock);
      await ring.send();
      expect(ring.ports).toEqual(["tcp 7000"]);
    } finally {
      await later.close();
    }
  });

  test("hears frames with VLAN tags as if they had none", async () => {
    const ring = listen();
    const mac = await hardwareAddress("near");
    wire.inject("far", mac, knock, [5]);
    wire.inject("far", mac, tcpPacket(v6, { port: 7001 }), [4094]);
    await ring.send();
    expect(ring.ports).toEqual(["tcp 7000", "tcp 7001"]);
    expect([...(ring.bytes[0] ?? [])]).toEqual([...knock]);
  });

  test("does not hear what is for other machines, and does hear broadcasts", async () => {
    const ring = listen();
    wire.inject("far", stranger, knock);
    wire.inject("far", new Uint8Array(6).fill(255), tcpPacket(v4, { port: 7001 }));
    await ring.send();
    expect(ring.ports).toEqual(["tcp 7001"]);
  });

  test("does not hear what this host sends", async () => {
    const near = listen(["near"]);
    const far = listen(["far"]);
    wire.inject("near", await hardwareAddress("far"), knock);
    await near.send();
    expect(near.ports).toEqual([]);
    far.bench.source.listen(["near", "far"]);
    await far.send();
    expect(far.ports).toEqual(["tcp 7000"]);
  });

  test("hears a packet that this host sends to itself once", async () => {
    const ring = listen();
    ring.watch([], [7002]);
    const socket = createSocket("udp4");
    const send = () =>
      new Promise<void>((resolve, reject) => {
        socket.send("knock", 7002, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
      });
    await send();
    await ring.send();
    socket.close();
    expect(ring.ports).toEqual(["udp 7002"]);
    expect(ring.packets[0]?.source.toString()).toBe("127.0.0.1");
  });

  test("hears packets that the firewall drops", async () => {
    const rule = ["INPUT", "-p", "tcp", "--dport", "7000", "-j", "DROP"];
    await run(["ip", "address", "add", "192.0.2.1/24", "dev", "near"]);
    await run(["iptables", "-w", "-A", ...rule]);
    try {
      const ring = listen();
      await ring.send(knock);
      expect(ring.ports).toEqual(["tcp 7000"]);
      const { stdout } = await run(["iptables", "-w", "-nvxL", "INPUT"]);
      expect(stdout).toMatch(/^\s*1\s+40\s+DROP/m);
    } finally {
      await run(["iptables", "-w", "-D", ...rule]);
      await run(["ip", "address", "flush", "dev", "near"]);
    }
  });

  test("hears first fragments and options, and no later fragments", async () => {
    const ring = listen();
    const segment = tcp({ port: 7000 });
    const inV6 = { ...v6, protocol: TCP };
    await ring.send(
      ipv4({ ...v4, protocol: TCP, moreFragments: true }, segment),
      ipv4({ ...v4, protocol: TCP, fragmentOffset: 10 }, segment),
      ipv4({ ...v4, protocol: TCP, options: new Uint8Array(40).fill(1) }, segment),
      ipv6({ ...inV6, extensions: [extension(0), extension(43, 1), extension(60)] }, segment),
      ipv6({ ...inV6, extensions: [authentication(6)] }, segment),
      ipv6({ ...inV6, extensions: [fragment(0, true)] }, segment),
      ipv6({ ...inV6, extensions: [fragment(10)] }, segment),
    );
    expect(ring.ports).toEqual(Array(5).fill("tcp 7000"));
  });

  const tun = existsSync("/dev/net/tun") ? undefined : "no /dev/net/tun";
  if (tun !== undefined && skip === undefined) console.warn(`skipped: tunnels: ${tun}`);
  test.skipIf(tun)("hears a tunnel, whose packets have no link header", async () => {
    const tunnel = new Tunnel("tun9");
    try {
      await run(["sh", "-c", "echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/tun9/disable_ipv6 || :"]);
      await run(["ip", "link", "set", "tun9", "up"]);
      const all = listen();
      const one = listen(["tun9", "near"]);
      tunnel.send(knock, tcpPacket(v6, { port: 7001 }));
      await Promise.all([all.send(), one.send()]);
      expect(all.ports).toEqual(["tcp 7000", "tcp 7001"]);
      expect(one.ports).toEqual(all.ports);
      expect([...(all.bytes[0] ?? [])]).toEqual([...knock]);
    } finally {
      tunnel.close();
    }
  });

  test("hears ports that lie beyond a frame, behind extension headers, in their order", async () => {
    const ring = listen(["near"]);
    const inV6 = { ...v6, protocol: TCP };
    const lengths = [0, 1, 2, 3, 7, 14, 40];
    const packets = lengths.flatMap((length, i) => [
      ipv6(
        { ...inV6, extensions: [extension(60, length), extension(43)] },
        tcp({ port: 7000, sequence: 2 * i, data: new Uint8Array(1000) }),
      ),
      tcpPacket(v4, { port: 7000, sequence: 2 * i + 1, data: new Uint8Array(1000) }),
    ]);
    await ring.send(...packets);
    expect(ring.packets.map(({ fingerprint }) => fingerprint)).toEqual(packets.map((_, i) => i));
    expect(ring.frames.map(({ wireLength }) => wireLength)).toEqual(
      packets.map(({ length }) => length),
    );
    expect(ring.frames[1]?.length).toBe(80);
  });

  test("has the right copy of each packet after a flood of those that are copied", async () => {
    const ring = listen(["near"], { frame: 160, block: 4096, blocks: 4, headersOnly: true });
    const far = (sequence: number) =>
      ipv6(
        { ...v6, protocol: TCP, extensions: [extension(60, 14)] },
        tcp({ port: 7000, sequence, data: new Uint8Array(1000) }),
      );
    // More than there are frames, and more copies than the kernel keeps for a socket.
    wire.send(...Array.from({ length: 1000 }, (_, i) => far(i)));
    await new Promise<void>((resolve) => {
      ring.onFrame = resolve;
    });
    await ring.send();
    const seen = ring.packets.length;
    expect(seen).toBeGreaterThan(10);
    expect(ring.packets.map(({ fingerprint }) => fingerprint)).toEqual(
      Array.from({ length: seen }, (_, i) => i),
    );
    expect(ring.counters().dropped).toBeGreaterThan(0);
    await ring.send(far(2000), knock, far(2001));
    expect(ring.packets.slice(seen).map(({ fingerprint }) => fingerprint)).toEqual([2000, 1, 2001]);
  });

  test("counts what it had no room for", async () => {
    const ring = listen(["near"], { frame: 256, block: 4096, blocks: 1 });
    // Nobody takes anything while this goes on: there is room for 16.
    wire.send(...Array<Uint8Array>(100).fill(knock));
    await new Promise<void>((resolve) => {
      ring.onFrame = resolve;
    });
    await ring.send();
    const { received, dropped } = ring.counters();
    expect(dropped).toBeGreaterThan(0);
    expect(received).toBe(101);
    expect(ring.frames.length + dropped).toBe(100);
    // And goes on as if nothing had been.
    await ring.send(knock);
    expect(ring.counters()).toEqual({ received: 103, dropped });
  });

  test.each([
    { frame: 256, block: 4096, blocks: 1 },
    { frame: 160, block: 4096, blocks: 3 },
  ])("goes round and round: $frame × $blocks", async (size) => {
    const ring = listen(["near"], size);
    for (let i = 0; i < 50; i++) await ring.send(tcpPacket(v4, { port: 7000, sequence: i }));
    expect(ring.packets.map(({ fingerprint }) => fingerprint)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    expect(ring.counters()).toEqual({ received: 100, dropped: 0 });
  });

  test("lets others have their turn during a flood, and loses nothing of it", async () => {
    const ring = listen(["near"]);
    const flood = 10_000;
    let turns = 0;
    const seenAtTurn: number[] = [];
    ring.onFrame = () => {
      if (turns++ === 0) setImmediate(() => seenAtTurn.push(ring.frames.length));
    };
    await ring.send(...Array<Uint8Array>(flood).fill(knock));
    expect(ring.frames).toHaveLength(flood);
    expect(ring.counters()).toEqual({ received: flood + 1, dropped: 0 });
    expect(seenAtTurn[0]).toBeLessThan(flood);
  });

  test("has its largest filter accepted by the kernel", async () => {
    const ring = listen(["near"]);
    const every = (step: number) => Array.from({ length: 5000 }, (_, i) => 1 + i * step);
    ring.watch(every(13), every(11));
    await ring.send(tcpPacket(v4, { port: 1 + 4999 * 13 }), udpPacket(v6, { port: 1 + 4999 * 11 }));
    expect(ring.ports).toEqual([`tcp ${1 + 4999 * 13}`, `udp ${1 + 4999 * 11}`]);
  });

  // Since Linux 6.9 each network has a limit of its own.
  test.skipIf(!existsSync(filterRoom))(
    "has a coarser filter where the kernel has little room for it, and again a better one",
    async () => {
      const usual = readFileSync(filterRoom, "utf8");
      // As it was before Linux 6.7.
      writeFileSync(filterRoom, "20480");
      try {
        const ring = listen(["near"]);
        const every = (step: number) => Array.from({ length: 300 }, (_, i) => 1 + i * step);
        for (let i = 0; i < 3; i++) {
          ring.watch(every(13), every(11));
          await ring.send(tcpPacket(v4, { port: 1 + 299 * 13 }), knock);
        }
        expect(ring.ports).toEqual(Array(3).fill(`tcp ${1 + 299 * 13}`));
        ring.watch([7000]);
        await ring.send(tcpPacket(v4, { port: 6999 }), knock);
        expect(ring.ports.slice(3)).toEqual(["tcp 7000"]);
      } finally {
        writeFileSync(filterRoom, usual);
      }
    },
  );

  test("that cannot be made says so, and leaves nothing open", () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    const size = { frame: 256, block: 100, blocks: 1 };
    expect(() => openRingSocket(size)).toThrow(expect.objectContaining({ code: "CAPTURE" }));
    expect(open()).toBe(before);
    const ring = new Ring(undefined, systemClock, () => {});
    expect(open()).toBeGreaterThan(before);
    ring.close();
    expect(open()).toBe(before);
  });
});

describe.skipIf(skip)("this host", () => {
  test("knows its addresses, and is told of those that come and go", async () => {
    const host = new Host(systemClock);
    host.refresh();
    expect(host.has(address("127.0.0.1"))).toBe(true);
    const ours = address("203.0.113.1");
    expect(host.has(ours)).toBe(false);
    for (const [verb, is] of [
      ["add", true],
      ["del", false],
    ] as const) {
      const told = new Promise<void>((resolve) => {
        const stop = watchNetwork(() => {
          stop();
          resolve();
        });
      });
      await run(["ip", "address", verb, "203.0.113.1/24", "dev", "near"]);
      await told;
      host.refresh();
      expect(host.has(ours)).toBe(is);
    }
  });

  test("has its own end of a point-to-point link as its address, not the peer's", async () => {
    await run(["ip", "address", "add", "203.0.113.1", "peer", "203.0.113.2", "dev", "near"]);
    try {
      const host = new Host(systemClock);
      expect(host.has(address("203.0.113.1"))).toBe(true);
      expect(host.has(address("203.0.113.2"))).toBe(false);
    } finally {
      await run(["ip", "address", "flush", "dev", "near"]);
    }
  });
});

async function hardwareAddress(name: string): Promise<Uint8Array> {
  const { stdout } = await run(["ip", "-json", "link", "show", name]);
  const [link] = JSON.parse(stdout) as { address: string }[];
  return Uint8Array.from(Buffer.from(link?.address.replaceAll(":", "") ?? "", "hex"));
}
