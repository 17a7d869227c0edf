// A store whose clock jumps, as after a failover to a host with a wrong date.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FleetGateway } from "../../test/support/fleet-bench.ts";
import { FleetBench, holderOfSource } from "../../test/support/fleet-bench.ts";

const minute = 60_000;
const hour = 3_600_000;
const everything = { kind: "all" } as const;

// Half an hour is less than leases have been told for.
describe.each([hour, -hour, hour / 2, -hour / 2])("a jump of the clock by %d ms", (jump) => {
  let bench: FleetBench;
  let one: FleetGateway;
  let two: FleetGateway;
  let three: FleetGateway;
  beforeEach(async () => {
    bench = new FleetBench();
    [one, two, three] = [await bench.add("gw-1"), await bench.add("gw-2"), await bench.add("gw-3")];
    one.fleet.opened(holderOfSource(1), 12 * hour);
    two.fleet.opened(holderOfSource(2), 12 * hour);
    one.fleet.opened(holderOfSource(3), 12 * hour);
    two.fleet.opened(holderOfSource(3), 13 * hour);
    await bench.settle();
    two.fleet.closed(holderOfSource(4), hour);
    bench.clock.advance(45 * minute);
    await bench.pass(20_000);
  });
  afterEach(() => bench.close());

  /** Until they leave, whatever the clocks: milliseconds. */
  const left = (n: number) =>
    bench.gateways.map(({ fleet }) => {
      const end = fleet.endOf(holderOfSource(n));
      return end === undefined ? undefined : end - fleet.now();
    });
  const alike = (length: number) => bench.gateways.map(() => length);

  async function expectAlike(): Promise<void> {
    const passed = 45 * minute + 20_000;
    const since = bench.clock.now() - passed;
    expect(left(1)).toEqual(alike(12 * hour - passed - since));
    expect(left(2)).toEqual(alike(12 * hour - passed - since));
    expect(left(3)).toEqual(alike(13 * hour - passed - since));
    // What comes now learns it from the table alone.
    await bench.add("gw-4");
    expect(left(1)).toEqual(alike(12 * hour - passed - since));
    expect(left(3)).toEqual(alike(13 * hour - passed - since));
    expect(bench.gateways.map(({ fleet }) => fleet.state.waiting)).toEqual([0, 0, 0, 0]);
  }

  test("moves no lease", async () => {
    bench.store.ahead += jump;
    await bench.pass(12_000);
    expect(one.fleet.state.clockJump).toBe(jump);
    expect(one.fleet.state.resyncs.jump).toBe(1);
    await expectAlike();
  });

  test("moves no lease in a failover", async () => {
    bench.store.stop();
    bench.store.ahead += jump;
    await bench.pass(2_000);
    await bench.restart();
    await expectAlike();
  });

  test("is noticed with the first record by the new clock", async () => {
    await three.stop();
    bench.gateways.pop();
    bench.store.ahead += jump;
    three = await bench.add("gw-3");
    three.fleet.opened(holderOfSource(5), 2 * hour);
    await bench.settle();
    expect(left(5)).toEqual(alike(2 * hour));
    await bench.pass(12_000);
    expect(left(5)).toEqual(alike(2 * hour - 12_000));
    await expectAlike();
  });

  test("hides no closing that is told before it is noticed, or after", async () => {
    bench.store.ahead += jump;
    one.fleet.closed(holderOfSource(2), hour);
    three.fleet.closed({ kind: "source", source: holderOfSource(1).source }, hour);
    await bench.pass(12_000);
    expect([...left(1), ...left(2)].filter(Boolean)).toEqual([]);
    two.fleet.closed(everything, hour);
    await bench.settle();
    expect(left(3).filter(Boolean)).toEqual([]);
    two.fleet.opened(holderOfSource(3), hour);
    await bench.settle();
    expect(left(3)).toEqual(alike(hour));
  });

  test("undoes no closing that was told while a gateway was cut off", async () => {
    const { connect } = cutOff();
    const cut = await bench.add("gw-5", { connect });
    cut.fleet.opened(holderOfSource(6), 12 * hour);
    await bench.settle();
    cutOff.isCut = true;
    for (const board of cutOff.boards) board.close();
    await bench.settle();
    one.fleet.closed(holderOfSource(6), hour);
    bench.store.ahead += jump;
    await bench.pass(12_000);
    cutOff.isCut = false;
    await bench.pass(3_000);
    expect(left(6).filter(Boolean)).toEqual([]);
  });

  function cutOff() {
    cutOff.boards = [];
    cutOff.isCut = false;
    return {
      connect: async () => {
        if (cutOff.isCut) throw new Error("cut off");
        const board = await bench.store.open();
        cutOff.boards.push(board);
        return board;
      },
    };
  }
  cutOff.isCut = false;
  cutOff.boards = [] as { close(): void }[];
});

test("a store whose clock jumps all the time moves no lease", async () => {
  const bench = new FleetBench();
  for (const name of ["gw-1", "gw-2", "gw-3"]) await bench.add(name);
  bench.gateways[0]?.fleet.opened(holderOfSource(1), 12 * hour);
  for (let i = 0; i < 12; i++) {
    bench.store.ahead = i % 3 === 0 ? hour : i % 3 === 1 ? -hour : 0;
    await bench.pass(2_500);
  }
  await bench.pass(12_000);
  for (const { fleet } of bench.gateways) {
    const left = (fleet.endOf(holderOfSource(1)) ?? 0) - fleet.now();
    expect(left).toBe(12 * hour - 42_000);
  }
  await bench.close();
});
