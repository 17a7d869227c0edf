import { expect, test } from "vitest";
import { describeSource, v4 } from "../../test/contract/source.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { tcpPacket } from "../../test/support/packets.ts";
import { monotonic } from "../base/time.ts";
import { MemorySource } from "./memory.ts";

// It takes the word of whoever gives it packets that they are for a watched port.
describeSource(
  "MemorySource",
  (sink) => {
    const clock = new ManualClock();
    const source = new MemorySource(sink);
    const send = (...packets: readonly Uint8Array[]) => {
      for (const packet of packets) {
        clock.advance(1);
        source.deliver(packet, clock.now());
      }
    };
    return { source, send, now: () => clock.now() };
  },
  { filters: false },
);

test("a source in memory tells what it was asked to watch, and by which interface a packet came", () => {
  const seen: number[] = [];
  const source = new MemorySource(({ interfaceIndex }) => seen.push(interfaceIndex));
  expect(source.ports).toBeUndefined();
  const ports = { tcp: new Set([7000]), udp: new Set<number>() };
  source.watch(ports);
  expect(source.ports).toBe(ports);
  source.deliver(tcpPacket(v4, { port: 7000 }), monotonic(0), 3);
  expect(seen).toEqual([3]);
});
