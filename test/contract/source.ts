import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PortSets } from "../../src/base/port.ts";
import type { CaptureCounters, Frame, Sink, Source } from "../../src/capture/source.ts";
import { decode } from "../../src/decode/decode.ts";
import type { Packet } from "../../src/decode/packet.ts";
import type { PacketEnds } from "../support/packets.ts";
import { address, joined, tcpPacket, udpPacket } from "../support/packets.ts";

/** A source to be tried, and a way to give it packets. */
export interface SourceBench<S extends Source = Source> {
  readonly source: S;
  /** Makes these packets (IP header first) arrive from outside, in this order. */
  readonly send: (...packets: readonly Uint8Array[]) => void;
  /** The clock of the frames' times. */
  readonly now: () => number;
}

export type OpenSource<S extends Source = Source> = (sink: Sink) => SourceBench<S>;

export const v4: PacketEnds = { source: address("192.0.2.7"), destination: address("192.0.2.1") };
export const v6: PacketEnds = {
  source: address("2001:db8::7"),
  destination: address("2001:db8::1"),
};

/** A port that every test watches: what was sent before a packet for it has been dealt with once that comes. */
const markerPort = 9;

let markers = 0;

/** What a source delivered, as a list to look at. */
export class Collector<S extends Source = Source> {
  readonly bench: SourceBench<S>;
  /** What came, without markers. */
  readonly packets: Packet[] = [];
  /** The frames' bytes from the IP header on. */
  readonly bytes: Uint8Array[] = [];
  readonly frames: Omit<Frame, "data">[] = [];
  /** Called with each frame, as soon as it came. */
  onFrame: () => void = () => {};
  /** What came as markers. */
  markers = 0;
  #awaited: { sourcePort: number; resolve: () => void } | undefined;

  constructor(open: OpenSource<S>) {
    this.bench = open((frame) => this.#take(frame));
  }

  /** The ports that came, such as `tcp 7000`. */
  get ports(): string[] {
    return this.packets.map(({ protocol, port }) => `${protocol} ${port}`);
  }

  watch(tcp: readonly number[], udp: readonly number[] = []): void {
    const ports: PortSets = { tcp: new Set(tcp), udp: new Set([...udp, markerPort]) };
    this.bench.source.watch(ports);
  }

  counters(): CaptureCounters {
    return this.bench.source.counters();
  }

  /** Sends the packets and waits until everything sent so far was delivered, or never will be. */
  async send(...packets: readonly Uint8Array[]): Promise<void> {
    markers++;
    const sourcePort = 1024 + (markers % 60_000);
    const arrived = new Promise<void>((resolve) => {
      this.#awaited = { sourcePort, resolve };
    });
    this.bench.send(...packets, udpPacket(v4, { port: markerPort, sourcePort }));
    await arrived;
  }

  #take(frame: Frame): void {
    const packet = decode(frame);
    if (packet?.protocol === "udp" && packet.port === markerPort) {
      this.markers++;
      if (packet.sourcePort === this.#awaited?.sourcePort) this.#awaited.resolve();
      return;
    }
    if (packet !== undefined) this.packets.push(packet);
    const { data, ...rest } = frame;
    this.frames.push(rest);
    // The frame is overwritten after this call.
    const view = new Uint8Array(data.buffer, data.byteOffset + frame.start, frame.length);
    this.bytes.push(joined(view));
    this.onFrame();
  }
}

/**
 * What every source must do: the contract in src/capture/source.ts.
 *
 * @param options `filters`: it looks at the packets it is given, and drops those for other ports
 */
export function describeSource(
  name: string,
  open: OpenSource,
  options: { readonly filters: boolean; readonly skip?: string | undefined },
): void {
  describe.skipIf(options.skip)(`${name} as a source`, () => {
    let collectors: Collector[] = [];
    const make = () => {
      const collector = new Collector(open);
      collectors.push(collector);
      return collector;
    };
    let collector: Collector;
    beforeEach(() => {
      collector = make();
    });
    afterEach(() => {
      for (const { bench } of collectors) bench.source.close();
      collectors = [];
    });

    test("delivers nothing before it was told what to watch", async () => {
      collector.bench.send(tcpPacket(v4, { port: 7000 }));
      collector.watch([7001]);
      await collector.send(tcpPacket(v4, { port: 7001 }));
      expect(collector.ports).toEqual(["tcp 7001"]);
    });

    test("delivers TCP and UDP, IPv4 and IPv6, to the byte", async () => {
      collector.watch([7000], [8000]);
      const packets = [v4, v6].flatMap((ends) => [
        tcpPacket(ends, { port: 7000, options: Uint8Array.of(2, 4, 5, 180) }),
        udpPacket(ends, { port: 8000, data: Uint8Array.of(1, 2, 3) }),
      ]);
      await collector.send(...packets);
      const expected = packets.map((bytes) => [...bytes]);
      expect(collector.bytes.map((bytes) => [...bytes])).toEqual(expected);
    });

    test.runIf(options.filters)("delivers nothing for ports that it does not watch", async () => {
      collector.watch([7000], [8000]);
      await collector.send(
        tcpPacket(v4, { port: 8000 }),
        udpPacket(v4, { port: 7000 }),
        tcpPacket(v6, { port: 7001 }),
        tcpPacket(v4, { port: 22, sourcePort: 7000 }),
        tcpPacket(v4, { port: 7000 }),
      );
      expect(collector.ports).toEqual(["tcp 7000"]);
    });

    test.runIf(options.filters)(
      "watches the ports of the last call instead of those before",
      async () => {
        collector.watch([7000]);
        await collector.send(tcpPacket(v4, { port: 7000 }), tcpPacket(v4, { port: 7001 }));
        collector.watch([7001]);
        await collector.send(tcpPacket(v4, { port: 7000 }), tcpPacket(v4, { port: 7001 }));
        expect(collector.ports).toEqual(["tcp 7000", "tcp 7001"]);
      },
    );

    test("keeps delivering the ports that two calls have in common", async () => {
      collector.watch([7000]);
      for (let i = 0; i < 20; i++) {
        collector.watch([7000, 7001 + i]);
        await collector.send(tcpPacket(v4, { port: 7000 }));
      }
      expect(collector.ports).toHaveLength(20);
    });

    test("delivers in the order of arrival, with times that never go back nor lie outside of the test", async () => {
      collector.watch([7000]);
      const before = collector.bench.now();
      const sequence = Array.from({ length: 200 }, (_, i) => i);
      await collector.send(...sequence.map((i) => tcpPacket(v4, { port: 7000, sequence: i })));
      const after = collector.bench.now();
      expect(collector.packets.map(({ fingerprint }) => fingerprint)).toEqual(sequence);
      const times = collector.frames.map(({ time }) => time);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(before);
      expect(times.at(-1)).toBeLessThanOrEqual(after);
    });

    test("never delivers from inside watch", async () => {
      collector.watch([7000]);
      collector.bench.send(tcpPacket(v4, { port: 7000 }));
      const before = collector.frames.length;
      collector.watch([7000]);
      expect(collector.frames).toHaveLength(before);
      await collector.send();
      expect(collector.frames).toHaveLength(1);
    });

    test("tells how long a packet was, and gives at least its headers", async () => {
      collector.watch([7000]);
      const options = new Uint8Array(40);
      await collector.send(tcpPacket(v4, { port: 7000, options, data: new Uint8Array(1000) }));
      expect(collector.frames[0]?.wireLength).toBe(1080);
      expect(collector.frames[0]?.length).toBeGreaterThanOrEqual(80);
      expect(collector.packets[0]).toMatchObject({ length: 1080, port: 7000 });
    });

    test("tells by which interface a packet came", async () => {
      collector.watch([7000]);
      await collector.send(tcpPacket(v4, { port: 7000 }), tcpPacket(v6, { port: 7000 }));
      const [first, second] = collector.frames;
      expect(first?.interfaceIndex).toBeGreaterThan(0);
      expect(second?.interfaceIndex).toBe(first?.interfaceIndex);
    });

    test("counts what passed, and lost nothing here", async () => {
      collector.watch([7000]);
      const packet = tcpPacket(v4, { port: 7000 });
      await collector.send(packet, packet, packet);
      const { received, dropped } = collector.counters();
      expect(received).toBe(collector.frames.length + collector.markers);
      expect(dropped).toBe(0);
      await collector.send(packet);
      expect(collector.counters().received).toBe(received + 2);
    });

    test("delivers nothing after it was closed, which may be done twice", async () => {
      const witness = make();
      collector.watch([7000]);
      witness.watch([7000]);
      await collector.send();
      collector.bench.source.close();
      collector.bench.source.close();
      collector.bench.send(tcpPacket(v4, { port: 7000 }));
      await witness.send();
      expect(collector.frames).toEqual([]);
      expect(collector.counters().dropped).toBe(0);
      collector.watch([7000]);
      await witness.send();
      expect(collector.frames).toEqual([]);
    });

    test("may be closed by the one who takes a frame, which is the last then", async () => {
      const witness = make();
      witness.watch([7000]);
      collector.watch([7000]);
      await collector.send();
      collector.onFrame = () => collector.bench.source.close();
      const packet = tcpPacket(v4, { port: 7000 });
      collector.bench.send(packet, packet, packet);
      await witness.send();
      await new Promise((resolve) => setImmediate(resolve));
      expect(collector.frames).toHaveLength(1);
    });

    test("may be told of other ports by the one who takes a frame", async () => {
      collector.watch([7000]);
      collector.onFrame = () => collector.watch([7000, 7001]);
      await collector.send(tcpPacket(v4, { port: 7000 }));
      await collector.send(tcpPacket(v4, { port: 7001 }));
      expect(collector.ports).toEqual(["tcp 7000", "tcp 7001"]);
    });
  });
}
