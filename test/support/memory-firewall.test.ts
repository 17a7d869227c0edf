import { expect, test } from "vitest";
import { describeFirewall } from "../contract/firewall.ts";
import { byCommands, byKernel } from "./accesses.ts";
import { MemoryFirewall } from "./memory-firewall.ts";
import { address } from "./packets.ts";

const access = (door: string, source: string) => byCommands({ door, source: address(source) });

describeFirewall("MemoryFirewall", () => {
  const firewall = new MemoryFirewall();
  const impossible = byKernel({}, { services: [] });
  return { firewall, access, impossible, opened: () => firewall.opened, close: () => {} };
});

test("a firewall in memory remembers what it was told, in order", async () => {
  const firewall = new MemoryFirewall();
  await firewall.open(access("ssh", "192.0.2.7"));
  await firewall.close(access("ssh", "192.0.2.7"));
  expect(firewall.history).toEqual(["open ssh 192.0.2.7", "close ssh 192.0.2.7"]);
});
