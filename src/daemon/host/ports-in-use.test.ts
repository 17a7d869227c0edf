import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { portKey } from "../../base/port.ts";
import { PortsInUse } from "./ports-in-use.ts";

function listener() {
  const clock = new ManualClock();
  const tcp = new Set([22]);
  const state = { reads: 0, changes: 0 };
  const ports = new PortsInUse(
    clock,
    () => state.changes++,
    "sesame",
    () => {
      state.reads++;
      return { tcp: new Set(tcp), udp: new Set([53]) };
    },
  );
  return { clock, tcp, state, ports };
}

test("what listens is taken, of either protocol", () => {
  const { ports } = listener();
  const { taken, local } = ports.read();
  expect([...taken]).toEqual([22, portKey(53, "udp")]);
  expect(local[0]).toBeLessThan(local[1]);
});

test("who comes later is noticed by a packet, and told of once until everything is read again", async () => {
  const { clock, tcp, state, ports } = listener();
  ports.read();
  tcp.add(7001);
  expect(ports.isInUse(portKey(7001, "tcp"))).toBe(false);
  clock.advance(1000);
  expect([
    ports.isInUse(portKey(7001, "tcp")),
    ports.isInUse(portKey(7001, "tcp")),
    ports.isInUse(portKey(7002, "tcp")),
  ]).toEqual([true, true, false]);
  await setImmediate();
  expect(state).toEqual({ reads: 2, changes: 1 });
  ports.read();
  expect(ports.isInUse(portKey(7001, "tcp"))).toBe(true);
  await setImmediate();
  expect(state).toEqual({ reads: 3, changes: 2 });
});

test("a flood of packets makes it read once a second", () => {
  const { clock, state, ports } = listener();
  ports.read();
  for (let i = 0; i < 1000; i++) {
    ports.isInUse(portKey(7001, "tcp"));
    clock.advance(10);
  }
  expect(state.reads).toBe(10);
});
