import { expect, test } from "vitest";
import { byKernel } from "../../../test/support/accesses.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { address } from "../../../test/support/packets.ts";
import { settled } from "../../../test/support/slow-firewall.ts";
import type { FirewallResult } from "../firewall.ts";
import { IpsetFirewall } from "./ipset.ts";

const done: FirewallResult = { kind: "done" };

/** An ipset that ends when the test says so, and what it was told apart from the making of sets. */
async function make() {
  const clock = new ManualClock();
  const runs: string[][] = [];
  const ends: ((outcome: FirewallResult) => void)[] = [];
  const opening = IpsetFirewall.start({ clock }, [], (lines) => {
    runs.push(lines.filter((line) => !line.startsWith("create ")));
    return new Promise((end) => ends.push(end));
  });
  const end = async (outcome: FirewallResult = done) => {
    ends.shift()?.(outcome);
    await settled();
  };
  await end();
  const firewall = await opening;
  runs.length = 0;
  return { clock, firewall, runs, running: () => ends.length, end };
}

const from = (i: number) => byKernel({ source: address(`10.0.${i >> 8}.${i & 255}`) });
const element = (i: number) => `sesame4 10.0.${i >> 8}.${i & 255},tcp:22`;

test("what is asked for while ipset runs is the work of the next, all of it", async () => {
  const { firewall, runs, running, end } = await make();
  const outcomes = Array.from({ length: 500 }, (_, i) => firewall.open(from(i), 30_000));
  expect([runs, running()]).toEqual([[[`add ${element(0)} timeout 30`]], 1]);
  await end();
  expect([runs.length, runs[1]?.length, running()]).toEqual([2, 499, 1]);
  await end();
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set([done]));
  expect([runs.length, running()]).toEqual([2, 0]);
});

test("of several openings of an element the longest counts, with the time that is left", async () => {
  const { clock, firewall, runs, end } = await make();
  void firewall.open(from(1), 5000);
  for (const length of [10_000, 60_000, 20_000]) void firewall.open(from(2), length);
  clock.advance(10_000);
  await end();
  expect(runs[1]).toEqual([`add ${element(2)} timeout 50`]);
  await end();
  expect(await firewall.open(from(2), 40_000)).toEqual(done);
  expect(runs).toHaveLength(2);
});

test("an element is what it was told last: closed after an opening, open after a closing", async () => {
  const { firewall, runs, end } = await make();
  void firewall.open(from(1), 5000);
  void firewall.open(from(2), 5000);
  void firewall.close(from(2));
  void firewall.close(from(1));
  void firewall.open(from(1), 3000);
  await end();
  expect(runs[1]).toEqual([`del ${element(2)}`, `add ${element(1)} timeout 3`]);
});

test("one that cannot be opened does not keep the others out", async () => {
  const { firewall, runs, end } = await make();
  void firewall.open(from(0), 5000);
  const outcomes = [1, 2, 3].map((i) => firewall.open(from(i), 5000));
  await end();
  const refused: FirewallResult = {
    kind: "not-started",
    reason: "ipset: ipset v7.17: Error in line 6: Hash is full, cannot add more elements",
  };
  await end(refused);
  expect(runs[2]).toEqual([1, 3].map((i) => `add ${element(i)} timeout 5`));
  await end();
  expect(await Promise.all(outcomes)).toEqual([done, refused, done]);
  // Nothing is known of it: the next knock tries it again.
  void firewall.open(from(2), 1000);
  expect(runs[3]).toEqual([`add ${element(2)} timeout 1`]);
});

test("an ipset that cannot run is not run again and again", async () => {
  const { firewall, runs, end } = await make();
  const missing: FirewallResult = { kind: "not-started", reason: "ipset: ENOENT" };
  const outcomes = [0, 1, 2].map((i) => firewall.open(from(i), 5000));
  await end(missing);
  await end(missing);
  expect(await Promise.all(outcomes)).toEqual([missing, missing, missing]);
  expect(runs).toHaveLength(2);
});

test("renewed, it takes nothing for open that was", async () => {
  const { firewall, runs, end } = await make();
  void firewall.open(from(1), 60_000);
  await end();
  void firewall.renew();
  await end();
  void firewall.open(from(1), 5000);
  expect(runs).toEqual([[`add ${element(1)} timeout 60`], [], [`add ${element(1)} timeout 5`]]);
});

test("a source for which everything is open is in a set of its own", async () => {
  const { firewall, runs, end } = await make();
  for (const source of [address("192.0.2.7"), address("2001:db8::7")]) {
    void firewall.open(byKernel({ source }, { services: [{ protocol: "any" }] }), 5000);
    await end();
  }
  expect(runs).toEqual([
    ["add sesame-any4 192.0.2.7 timeout 5"],
    ["add sesame-any6 2001:db8::7 timeout 5"],
  ]);
});
