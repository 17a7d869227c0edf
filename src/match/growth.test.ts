// Each packet to a port that many doors have costs each of them something, but no more than once.
import { expect, test, vi } from "vitest";
import { address } from "../../test/support/packets.ts";
import { monotonic } from "../base/time.ts";
import type { Packet } from "../decode/packet.ts";
import type { Door } from "./door.ts";
import { Matcher } from "./matcher.ts";

const loops = [
  "every",
  "filter",
  "find",
  "findIndex",
  "flatMap",
  "forEach",
  "map",
  "some",
] as const;

/** How often `task` looks at an element of an array by one of the methods that loop. */
function looks(task: () => void): number {
  let count = 0;
  const spies = loops.map((name) => {
    const original = Array.prototype[name] as (callback: LoopCallback) => unknown;
    return vi.spyOn(Array.prototype, name).mockImplementation(function (
      this: unknown[],
      callback: LoopCallback,
    ) {
      return original.call(this, (...args) => {
        count++;
        return callback(...args);
      });
    } as never);
  });
  try {
    task();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return count;
}

type LoopCallback = (...args: unknown[]) => unknown;

/** Doors with the same first port and the same second port. */
function makeDoors(amount: number): Door[] {
  return Array.from({ length: amount }, (_, i) => ({
    name: `door ${i}`,
    sequence: [7000, 8000, 9000 + (i % 1000)].map((number) => ({ number, protocol: "tcp" })),
    timeout: 5000,
    flags: { mask: 0, value: 0 },
    target: undefined,
    allow: undefined,
    deny: [],
  }));
}

function knock(port: number, time: number): Packet {
  return {
    time: monotonic(time),
    interfaceIndex: 2,
    payloadStart: 0,
    payloadLength: 0,
    length: 44,
    protocol: "tcp",
    source: address("192.0.2.7"),
    destination: address("192.0.2.1"),
    sourcePort: 40_000,
    port,
    flags: 2,
    mayRepeat: true,
    fingerprint: time,
  };
}

test.each<[string, readonly number[]]>([
  ["none", []],
  ["the first step", [7000]],
  ["the first step again", [7000, 7000]],
  ["the second step", [7000, 8000]],
  ["a step of few doors", [7000, 9000]],
])(
  "work grows with the number of doors that have the port, not with its square: %s",
  (_, ports) => {
    const work = (amount: number) => {
      const doors = makeDoors(amount);
      return looks(() => {
        const matcher = new Matcher({ maxAttempts: 10_000, isOurs: () => true });
        matcher.setDoors(doors);
        for (const [i, port] of ports.entries()) {
          const packet = knock(port, i);
          matcher.explain(packet, matcher.hit(packet));
        }
        matcher.setDoors([...doors].reverse());
        matcher.expire(monotonic(100_000));
      });
    };
    expect(work(3200) / work(100)).toBeLessThan(40);
  },
);
