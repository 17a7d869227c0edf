import { afterEach, beforeEach, expect, test } from "vitest";
import { GatewayBench } from "../../../test/support/gateways.ts";
import { KnockError } from "../../base/errors.ts";
import { defaultOptions } from "../../config/config.ts";

let bench: GatewayBench;
beforeEach(() => {
  bench = new GatewayBench();
});
afterEach(() => bench.close());

const from = "192.0.2.7";
const alone = { options: defaultOptions, doors: [] };

test("a reload may add, change and remove the fleet; what is open before is told", async () => {
  const [a, b] = [bench.make("gw-1"), await bench.add("gw-2")];
  await a.knock("ssh", from);
  expect(b.open).toEqual([]);
  await a.join();
  expect(b.open).toEqual([`ssh ${from} 60`]);
  await a.join("OnFleetLoss = refuse");
  const joins = () => a.log.entries.filter(({ event }) => event === "fleet-up").length;
  expect(joins()).toBe(2);
  await a.join("OnFleetLoss = refuse");
  expect(joins()).toBe(2);
  await a.fleet.use(alone);
  expect(a.fleet.summarize()).toBeUndefined();
  await a.knock("vpn", from);
  expect(b.open).toEqual([`ssh ${from} 60`]);
});

test("a file with secrets that cannot be read is a problem, and knocks open all the same", async () => {
  const a = bench.make("gw-1");
  a.readSecrets = () => Promise.reject(new KnockError("CONFIG", "fleet file /etc/f: no such file"));
  await a.join();
  expect(a.fleet.problems).toMatchObject([
    { code: "fleet", message: "fleet: fleet file /etc/f: no such file" },
  ]);
  expect(a.fleet.summarize()).toMatchObject({ state: "down", gateway: "gw-1" });
  expect(a.log.entries.at(-1)).toMatchObject({ level: "error", event: "fleet-failed" });
  await a.knock("ssh", from);
  expect(a.open).toEqual([`ssh ${from} 60`]);
});

test("a reload tells that the fleet's file says something else, can be read now, or not at all", async () => {
  const a = bench.make("gw-1");
  const compare = () => a.fleet.compareFile(a.configuration());
  const { readSecrets } = a;
  const fail = () => Promise.reject(new KnockError("CONFIG", "fleet file /etc/f: no such file"));
  expect(await compare()).toEqual({ isChanged: false, warnings: [] });
  a.readSecrets = fail;
  await a.join();
  const unreadable = { isChanged: false, warnings: ["fleet file /etc/f: no such file"] };
  expect(await compare()).toEqual(unreadable);
  a.readSecrets = readSecrets;
  expect(await compare()).toEqual({ isChanged: true, warnings: [] });
  await a.join();
  expect(await compare()).toEqual({ isChanged: false, warnings: [] });
  a.readSecrets = async () => ({ ...(await readSecrets()), password: "other" });
  expect(await compare()).toEqual({ isChanged: true, warnings: [] });
  await a.join();
  expect(await compare()).toEqual({ isChanged: false, warnings: [] });
  a.readSecrets = fail;
  expect(await compare()).toEqual(unreadable);
});

test("a store that does not answer delays nothing", async () => {
  bench.fleet.store.isDown = true;
  const a = await bench.add("gw-1");
  expect(a.fleet.problems).toMatchObject([{ code: "fleet" }]);
  let isOver = false;
  void a.fleet.joined(3000).then(() => (isOver = true));
  await bench.fleet.pass(2_500);
  expect(isOver).toBe(false);
  await bench.fleet.pass(1_000);
  expect(isOver).toBe(true);
});

test("what was closed without a store is told also after a reload that changes the fleet", async () => {
  const [a, b] = [await bench.add("gw-1"), await bench.add("gw-2")];
  await a.knock("ssh", from);
  bench.fleet.store.stop();
  await bench.fleet.settle();
  void a.fleet.close({ door: "ssh" });
  void a.leaseManager.leave(a.leaseManager.leases[0] ?? expect.unreachable(), "");
  await bench.fleet.pass(1_000);
  await b.knock("ssh", "192.0.2.9");
  await a.knock("ssh", "192.0.2.10");
  await a.join("OnFleetLoss = refuse");
  await a.join();
  bench.fleet.store.isDown = false;
  await bench.fleet.pass(3_000);
  expect(b.open).toEqual(["ssh 192.0.2.10 57", "ssh 192.0.2.9 57"]);
  expect(a.open).toEqual(b.open);
});

test("what is closed while the fleet is being joined is told, and opens no more", async () => {
  const [a, b] = [bench.make("gw-1"), await bench.add("gw-2")];
  await b.knock("ssh", from);
  const { readSecrets } = a;
  let goOn = () => {};
  const waited = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  a.readSecrets = () => waited.then(readSecrets);
  const joined = a.join();
  await bench.fleet.pass(1_000);
  expect(await a.fleet.close({ door: "ssh" })).toBeUndefined();
  goOn();
  await joined;
  expect([...a.open, ...b.open]).toEqual([]);
});
