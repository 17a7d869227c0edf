import { afterEach, beforeEach, expect, test } from "vitest";
import type { BenchGateway } from "../../../test/support/gateways.ts";
import { GatewayBench } from "../../../test/support/gateways.ts";
import type { ClaimedUse } from "../../fleet/single-uses.ts";

let bench: GatewayBench;
let a: BenchGateway;
let b: BenchGateway;
beforeEach(async () => {
  bench = new GatewayBench();
  [a, b] = [await bench.add("gw-1"), await bench.add("gw-2")];
});
afterEach(() => bench.close());

const packet: ClaimedUse = {
  use: { kind: "packet", key: "b60d320a2884261b", time: 1_767_225_600_000_000 },
  life: 300_000,
};

test("one gateway has a claim, and the others hear of it", async () => {
  expect(await a.fleet.claim(packet)).toBe("open");
  expect(await b.fleet.claim(packet)).toBe("claimed");
  await bench.fleet.settle();
  expect(b.used).toEqual([packet.use]);
});

test("what needed no claim is told", async () => {
  a.fleet.tell(packet);
  await bench.fleet.settle();
  expect(b.used).toEqual([packet.use]);
});

test("without the store both open, and a double use is an alarm when it is back", async () => {
  bench.fleet.store.stop();
  expect(await a.fleet.claim(packet)).toBe("open");
  expect(await b.fleet.claim(packet)).toBe("open");
  expect(a.fleet.summarize()).toMatchObject({ unclaimed: 1 });
  bench.fleet.store.isDown = false;
  await bench.fleet.pass(10_000);
  const alarms = [a, b].flatMap(({ log }) =>
    log.entries.filter(({ event }) => event === "double-use"),
  );
  expect(alarms.length).toBeGreaterThan(0);
  expect(a.fleet.summarize()).toMatchObject({ unclaimed: 0 });
});

test("OnFleetLoss = refuse refuses without the store", async () => {
  const c = bench.make("gw-3");
  await c.join("OnFleetLoss = refuse");
  bench.fleet.store.stop();
  expect(await c.fleet.claim(packet)).toBe("fleet");
});

test("OnFleetLoss = refuse refuses also while the fleet is being joined", async () => {
  const c = bench.make("gw-3");
  const { readSecrets } = c;
  let goOn = () => {};
  const waited = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  c.readSecrets = () => waited.then(readSecrets);
  const joined = c.join("OnFleetLoss = refuse");
  await bench.fleet.settle();
  expect(await c.fleet.claim(packet)).toBe("fleet");
  expect(["ssh", "own"].map((door) => c.fleet.sharesDoor(door))).toEqual([true, false]);
  goOn();
  await joined;
  expect(await c.fleet.claim(packet)).toBe("open");
});

test("without a fleet all is this gateway's", async () => {
  const alone = bench.make("alone");
  expect(await alone.fleet.claim(packet)).toBe("open");
  expect(await alone.fleet.close({})).toBeUndefined();
  expect(alone.fleet.summarize()).toBeUndefined();
});
