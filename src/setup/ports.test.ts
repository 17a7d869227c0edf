import { expect, test } from "vitest";
import type { PortFacts } from "./ports.ts";
import { usablePorts } from "./ports.ts";

const quiet: PortFacts = {
  listening: { tcp: new Set(), udp: new Set() },
  ephemeral: [32_768, 60_999],
  doors: new Set(),
};

const usable = (facts: Partial<PortFacts> = {}) => new Set(usablePorts({ ...quiet, ...facts }));

test("a machine where little is going on has more than 36,000 of them", () => {
  const ports = [...usable()];
  expect(ports.length).toBeGreaterThan(36_000);
  expect(Math.min(...ports)).toBe(1024);
  expect(Math.max(...ports)).toBe(65_535);
  expect(ports.filter((port) => port > 32_767 && port < 61_000)).toEqual([]);
});

test.each<[string, number, Partial<PortFacts>]>([
  ["that something listens on", 7103, { listening: { tcp: new Set([7103]), udp: new Set() } }],
  ["that takes datagrams", 7103, { listening: { tcp: new Set(), udp: new Set([7103]) } }],
  ["of a door", 7103, { doors: new Set([7103]) }],
  ["that the system takes for itself", 7103, { ephemeral: [7000, 8000] }],
])("a port is none %s", (_, port, facts) => {
  expect(usable().has(port)).toBe(true);
  expect(usable(facts).has(port)).toBe(false);
});

test.each([80, 3306, 6667, 8080, 32_768, 60_999])("%i is never one", (port) => {
  expect(usable().has(port)).toBe(false);
});
