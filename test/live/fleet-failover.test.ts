// A master that hangs, with a sentinel beside it, and both are back: for a while there are two masters.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { RedisBoard } from "../../src/fleet/redis-board.ts";
import { usualLimits } from "../../src/fleet/redis-connection.ts";
import { FleetGateway, holderOfSource } from "../support/fleet-bench.ts";
import { needs } from "./requirements.ts";
import { WatchedStore } from "./watched-store.ts";

const patience = { timeout: 60_000 };
const hour = 3_600_000;

describe.skipIf(needs("redis-server"))("a master that is cut off with a sentinel", () => {
  let store: WatchedStore;
  let gateways: FleetGateway[];
  beforeEach(async () => {
    store = await WatchedStore.start();
    gateways = [];
    for (const name of ["gw-1", "gw-2"]) start(name);
  });
  afterEach(async () => {
    await Promise.all((gateways ?? []).map((gateway) => gateway.stop()));
    await store?.close();
  });

  function start(name: string): void {
    const connect = () =>
      RedisBoard.open("office", { address: store.address, limits: usualLimits });
    gateways.push(new FleetGateway(name, { clock: systemClock, connect }).start());
  }
  const joined = (isJoined = true) =>
    expect
      .poll(() => gateways.every(({ fleet }) => fleet.state.isJoined === isJoined), patience)
      .toBe(true);
  const openAtAll = (...sources: readonly number[]) =>
    expect
      .poll(
        () => sources.every((n) => gateways.every(({ fleet }) => fleet.endOf(holderOfSource(n)))),
        patience,
      )
      .toBe(true);
  const openAt = (i: number, n: number) => gateways[i]?.fleet.opened(holderOfSource(n), hour);

  test("is left for the new one, also by gateways that come when it is back", {
    timeout: 240_000,
  }, async () => {
    await joined();
    openAt(0, 1);
    await openAtAll(1);
    const [sentinel] = store.sentinels;
    for (const one of [store.master, sentinel]) one?.signal("SIGSTOP");
    await joined(false);
    openAt(1, 2);
    await joined();
    await openAtAll(1, 2);
    // The old master takes changes again until a sentinel makes it a replica, and the one beside it says it is the master.
    for (const one of [store.master, sentinel]) one?.signal("SIGCONT");
    start("gw-3");
    openAt(0, 3);
    openAt(2, 4);
    await joined();
    await openAtAll(1, 2, 3, 4);
    await store.master.waitFor(/(?:MASTER|PRIMARY) <-> REPLICA sync: Finished with success/);
    openAt(2, 5);
    await openAtAll(1, 2, 3, 4, 5);
    expect(await store.rows()).toBe(5);
  });
});
