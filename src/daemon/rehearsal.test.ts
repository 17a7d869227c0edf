import { expect, test } from "vitest";
import { ManualClock } from "../base/clock.ts";
import { parseConfig } from "../config/parse.ts";
import { MemoryFirewall } from "../firewall/memory.ts";
import { rehearse } from "./rehearsal.ts";

async function rehearsed(text: string): Promise<string[]> {
  const firewall = new MemoryFirewall();
  await rehearse(parseConfig(text).config?.doors ?? [], firewall, new ManualClock());
  return [...new Set(firewall.history)].sort();
}

const native = "[ssh]\nsequence = 7000,8000\nopen = tcp/22\n";
const command = "[log]\nsequence = 7100,8100\nstart_command = log\nstop_command = forget\n";

test("a door of each kind has its turn; the native one is not opened, and closed to nobody there is", async () => {
  expect(await rehearsed(native + command + native)).toEqual([
    "close ssh 0.0.0.0",
    "open log 198.18.0.0",
    "open log 198.18.0.1",
  ]);
});

test("without doors nothing is played", async () => {
  expect(await rehearsed("")).toEqual([]);
});
