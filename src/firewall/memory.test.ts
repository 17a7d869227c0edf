import { expect, test } from "vitest";
import { describeFirewall } from "../../test/contract/firewall.ts";
import { address } from "../../test/support/packets.ts";
import { byCommands } from "../../test/support/accesses.ts";
import { MemoryFirewall } from "./memory.ts";

const passage = (door: string, source: string) => byCommands({ door, source: address(source) });

describeFirewall("MemoryFirewall", () => {
  const firewall = new MemoryFirewall();
  return { firewall, passage, opened: () => firewall.opened, close: () => {} };
});

test("a firewall in memory remembers what it was told, in order", async () => {
  const firewall = new MemoryFirewall();
  await firewall.open(passage("ssh", "192.0.2.7"));
  await firewall.close(passage("ssh", "192.0.2.7"));
  expect(firewall.history).toEqual(["open ssh 192.0.2.7", "close ssh 192.0.2.7"]);
});
