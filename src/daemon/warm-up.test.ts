import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../test/support/memory-firewall.ts";
import { parseConfig } from "../config/parse.ts";
import { warmUp } from "./warm-up.ts";

async function rehearsed(text: string): Promise<readonly string[]> {
  const firewall = new MemoryFirewall();
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("not read");
  await warmUp(config, firewall, new ManualClock());
  return firewall.history;
}

const native = "[ssh]\nsequence = 7000,8000\nopen = tcp/22\n";
const command = "[log]\nsequence = 7100,8100\nstart_command = log\nstop_command = forget\n";

test("a door of each kind has its turn; the native one is not opened, and closed to nobody there is", async () => {
  expect([...new Set(await rehearsed(native + command + native))].sort()).toEqual([
    "close ssh 0.0.0.0",
    "open log 198.18.0.0",
    "open log 198.18.0.1",
  ]);
});

test("whatever starts a program is played twice", async () => {
  const options = "[options]\nFirewall = ipset\n";
  expect(await rehearsed(options + native)).toEqual(["close ssh 0.0.0.0", "close ssh 0.0.0.0"]);
  expect(await rehearsed(command)).toHaveLength(2);
});

test("a door with users is knocked at by key, too, as often", async () => {
  const keyed = "[options]\nKnockPort = 23547\n[ssh]\nusers = alice\nopen = tcp/22\n";
  const bySequence = (await rehearsed(native)).length;
  expect(await rehearsed(keyed)).toEqual(Array(2 * bySequence).fill("close ssh 0.0.0.0"));
});

test("without doors nothing is played", async () => {
  expect(await rehearsed("")).toEqual([]);
});
