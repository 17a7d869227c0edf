import { expect, test } from "vitest";
import { describeFirewall } from "../../test/contract/firewall.ts";
import { byCommands } from "../../test/support/accesses.ts";
import { address } from "../../test/support/packets.ts";
import { MemoryFirewall } from "./memory.ts";

const access = (door: string, source: string) => byCommands({ door, source: address(source) });

describeFirewall("MemoryFirewall", () => {
  const firewall = new MemoryFirewall();
  return { firewall, access, opened: () => firewall.opened, close: () => {} };
});

test("a firewall in memory remembers what it was told, in order", async () => {
  const firewall = new MemoryFirewall();
  await firewall.open(access("ssh", "192.0.2.7"));
  await firewall.close(access("ssh", "192.0.2.7"));
  expect(firewall.history).toEqual(["open ssh 192.0.2.7", "close ssh 192.0.2.7"]);
});
