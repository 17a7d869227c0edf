import { afterEach, expect, test } from "vitest";
import { FleetBench } from "../../test/support/fleet-bench.ts";
import { FleetClock } from "./fleet-clock.ts";
import { Outgoing } from "./outgoing.ts";
import { FleetSeal } from "./seal.ts";
import { fleetTime, noStamp, openingStamp } from "./stamp.ts";

const bench = new FleetBench();
afterEach(() => bench.close());

test("what is asked for very often without a store is told, and all who asked hear", async () => {
  const { clock, store } = bench;
  const fleetClock = new FleetClock(clock);
  const seal = new FleetSeal("office", [Buffer.alloc(32, 7)]);
  const outgoing = new Outgoing({ gateway: "gw-1", seal, clock, fleetClock });
  const until = fleetTime(fleetClock.now() + 60_000);
  let heard = 0;
  for (let i = 1; i <= 20_000; i++) {
    outgoing.add({
      ...{ key: "all", field: "all", until },
      stamp: openingStamp(fleetTime(i), noStamp),
      format: () => "",
      onTold: () => {
        heard++;
      },
    });
  }
  outgoing.attach(await store.open());
  await bench.settle();
  expect([outgoing.waiting, outgoing.told, heard]).toEqual([0, 1, 20_000]);
});
