import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import type { FleetGateway } from "../../test/support/fleet-bench.ts";
import { FleetBench, holderOfSource } from "../../test/support/fleet-bench.ts";
import { FleetSeal } from "./seal.ts";
import type { FleetSubject } from "./subject.ts";

const hour = 3_600_000;
const holder = holderOfSource(7);

describe("a fleet", () => {
  let bench: FleetBench;
  let one: FleetGateway;
  let two: FleetGateway;
  let three: FleetGateway;
  beforeEach(async () => {
    bench = new FleetBench();
    [one, two, three] = [await bench.add("gw-1"), await bench.add("gw-2"), await bench.add("gw-3")];
  });
  afterEach(() => bench.close());

  const ends = (of = holder) => bench.gateways.map(({ fleet }) => fleet.endOf(of));
  const inOneMinute = () => bench.clock.wall() + 60_000;

  test("opens at all what one opens, and closes at all what one closes", async () => {
    const end = inOneMinute();
    one.fleet.opened(holder, 60_000);
    await bench.settle();
    expect(ends()).toEqual([end, end, end]);
    expect([one, two, three].map(({ heard }) => [...heard.values()])).toEqual([[], [end], [end]]);
    three.fleet.closed({ kind: "door", door: "ssh" }, hour);
    await bench.settle();
    expect(ends()).toEqual([undefined, undefined, undefined]);
    expect([...two.heard]).toEqual([]);
    expect(bench.gateways.map(({ lines }) => lines)).toEqual([["joined"], ["joined"], ["joined"]]);
  });

  test("extends at all, and tells no end", async () => {
    one.fleet.opened(holder, 10_000);
    await bench.pass(1_000);
    two.fleet.opened(holder, 60_000);
    const end = inOneMinute();
    await bench.settle();
    expect(ends()).toEqual([end, end, end]);
    const { length } = bench.store.log;
    await bench.pass(70_000);
    expect(bench.store.log).toHaveLength(length);
    expect(ends()).toEqual([undefined, undefined, undefined]);
  });

  test("tells the changes of one moment together", async () => {
    for (let i = 1; i <= 100; i++) one.fleet.opened(holderOfSource(i), 60_000);
    one.fleet.opened(holderOfSource(1), 90_000);
    await bench.settle();
    expect(bench.store.log.map(({ rows }) => rows.length)).toEqual([64, 36]);
    expect(two.heard.size).toBe(100);
    expect(one.fleet.state).toMatchObject({ told: 100, waiting: 0 });
  });

  test("catches up a gateway that comes later", async () => {
    one.fleet.opened(holder, 60_000);
    two.fleet.closed({ kind: "source", source: holderOfSource(8).source }, hour);
    const end = inOneMinute();
    await bench.settle();
    const four = await bench.add("gw-4");
    expect(four.fleet.endOf(holder)).toBe(end);
    expect(four.fleet.state).toMatchObject({
      isJoined: true,
      resyncs: { join: 1, gap: 0, lost: 0 },
    });
  });

  test("goes on alone without the store, and is alike again when it is back, empty", async () => {
    one.fleet.opened(holder, 600_000);
    one.fleet.opened(holderOfSource(8), 600_000);
    await bench.settle();
    bench.store.stop();
    await bench.settle();
    one.fleet.opened(holderOfSource(9), 60_000);
    two.fleet.closed({ kind: "all" }, hour);
    await bench.pass(1_000);
    three.fleet.opened(holder, 60_000);
    const end = inOneMinute();
    expect(ends(holderOfSource(9)).filter(Boolean)).toHaveLength(1);
    expect(two.fleet.state).toMatchObject({ isJoined: false, waiting: 1 });
    bench.store.flush();
    await bench.restart();
    expect(ends()).toEqual([end, end, end]);
    expect(ends(holderOfSource(8))).toEqual([undefined, undefined, undefined]);
    expect(one.lines).toEqual(["joined", "lost: the connection has ended", "joined"]);
    expect(two.fleet.state).toMatchObject({ isJoined: true, failure: undefined, waiting: 0 });
  });

  test("says once that there is no store, however often it tries", async () => {
    bench.store.stop();
    const late = await bench.add("gw-4");
    await bench.pass(20_000);
    expect(late.lines).toEqual(["lost: the store is down"]);
    expect(late.fleet.state).toMatchObject({ isJoined: false, failure: "the store is down" });
    await bench.restart();
    expect(late.lines).toEqual(["lost: the store is down", "joined"]);
  });

  test("fills a table again that was emptied", async () => {
    one.fleet.opened(holder, 600_000);
    await bench.settle();
    bench.store.flush();
    await bench.pass(70_000);
    expect(bench.store.table.size).toBe(1);
    two.fleet.opened(holderOfSource(8), 600_000);
    await bench.settle();
    expect(ends(holderOfSource(8)).every((end) => end !== undefined)).toBe(true);
  });

  test("tells what others told and do not know any more, once the table has lost it", async () => {
    one.fleet.opened(holder, 600_000);
    two.fleet.opened(holderOfSource(8), 600_000);
    await bench.settle();
    two.fleet.closed({ kind: "source", source: holder.source }, hour);
    await bench.settle();
    await two.stop();
    bench.gateways.splice(1, 1);
    bench.store.stop();
    bench.store.flush();
    await bench.restart();
    await bench.pass(12_000);
    await bench.add("gw-4");
    expect(ends()).toEqual([undefined, undefined, undefined]);
    expect(ends(holderOfSource(8)).every((end) => end !== undefined)).toBe(true);
    // By one of those that know it.
    const told = bench.gateways.map(({ fleet }) => fleet.state.told);
    expect(told.reduce((a, b) => a + b)).toBeLessThanOrEqual(6);
  });

  test("reads the whole table where a part of it was lost", async () => {
    one.fleet.opened(holder, 600_000);
    two.fleet.closed({ kind: "who", who: "bob/phone" }, hour);
    await bench.settle();
    await two.stop();
    bench.gateways.splice(1, 1);
    bench.store.table.clear();
    await bench.pass(80_000);
    expect(bench.store.table.size).toBe(2);
    expect(one.fleet.state.resyncs.lost).toBe(1);
  });

  test("reads the table after a gap in the log", async () => {
    one.fleet.opened(holder, 600_000);
    await bench.settle();
    bench.store.flush();
    const before = two.fleet.state.resyncs.gap;
    one.fleet.opened(holderOfSource(8), 600_000);
    await bench.settle();
    expect(two.fleet.state.resyncs.gap).toBe(before + 1);
    // Which gave the table back what the gap had taken.
    expect(bench.store.table.size).toBe(2);
  });

  test("keeps the longer one of two openings in one moment for those who come later", async () => {
    bench.store.stop();
    one.fleet.opened(holder, 600_000);
    const end = bench.clock.wall() + 600_000;
    await bench.pass(1_000);
    two.fleet.opened(holder, 60_000);
    await bench.restart();
    expect(ends()).toEqual([end, end, end]);
    await one.stop();
    await two.stop();
    const four = await bench.add("gw-4");
    expect(four.fleet.endOf(holder)).toBe(end);
  });

  test("tells nothing again that the table holds", async () => {
    bench.store.stop();
    one.fleet.opened(holder, 10_000);
    await bench.pass(1_000);
    two.fleet.opened(holder, 60_000);
    await bench.restart();
    expect(bench.gateways.map(({ fleet }) => fleet.state.told)).toEqual([1, 1, 0]);
  });

  test("tells what changes while it is being told", async () => {
    let during = () => {};
    const four = await bench.add("gw-4", {
      connect: async () => {
        const board = await bench.store.open();
        const put = board.put.bind(board);
        board.put = (rows) => {
          during();
          return put(rows);
        };
        return board;
      },
    });
    during = () => {
      during = () => {};
      four.fleet.closed(holder, hour);
    };
    four.fleet.opened(holder, 600_000);
    await bench.settle();
    expect(four.fleet.state).toMatchObject({ told: 2, waiting: 0 });
    expect(ends()).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("a full store is a failure, not a loss: what waits is told when there is room", async () => {
    bench.store.refusal = "OOM command not allowed";
    one.fleet.opened(holder, 600_000);
    await bench.pass(10_000);
    const failure = "OOM command not allowed";
    expect(one.fleet.state).toMatchObject({ isJoined: true, failure, waiting: 1 });
    bench.store.refusal = undefined;
    await bench.pass(10_000);
    expect(one.fleet.state).toMatchObject({ failure: undefined, waiting: 0 });
    expect(ends().every((end) => end !== undefined)).toBe(true);
    expect(one.lines).toEqual(["joined"]);
  });

  test("neither hears nor disturbs a gateway with another key", async () => {
    const other = new FleetSeal("office", [Buffer.alloc(32, 8)]);
    const stranger = await bench.add("gw-x", { seal: other });
    stranger.fleet.closed({ kind: "all" }, hour);
    one.fleet.opened(holder, 600_000);
    await bench.settle();
    expect(stranger.fleet.endOf(holder)).toBeUndefined();
    expect(stranger.fleet.state.incoming.foreign).toBeGreaterThan(0);
    expect(two.fleet.state.incoming.foreign).toBe(1);
    expect(two.fleet.endOf(holder)).toBeDefined();
  });

  test("what the kernel opened before a closing elsewhere is closed", async () => {
    one.fleet.closed({ kind: "all" }, hour);
    await bench.settle();
    two.fleet.adopted(holder, 60_000, 600_000);
    three.fleet.adopted(holderOfSource(8), -1_000, 600_000);
    await bench.settle();
    expect(ends()).toEqual([undefined, undefined, undefined]);
    expect(ends(holderOfSource(8)).filter(Boolean)).toHaveLength(3);
  });

  test("knows its gateways by their heartbeats, and two of one name", async () => {
    await bench.pass(6_000);
    const { heartbeats, isNameTaken } = one.fleet.roster;
    expect(heartbeats.map(({ gateway }) => gateway).sort()).toEqual(["gw-1", "gw-2", "gw-3"]);
    expect(isNameTaken).toBe(false);
    const twin = await bench.add("gw-1");
    await bench.pass(60_000);
    expect([one, twin].map(({ fleet }) => fleet.roster.isNameTaken)).toEqual([true, true]);
  });

  test("forgets a gateway that was not heard of for 30 days", async () => {
    await three.stop();
    bench.store.ahead = 31 * 24 * hour;
    await bench.pass(20_000);
    expect([...bench.store.heartbeats.keys()]).toHaveLength(2);
    expect(one.fleet.state.clockJump).toBeGreaterThan(30 * 24 * hour);
  });

  test("ends at once when it is told to, joined or not", async () => {
    await one.stop();
    bench.store.stop();
    await bench.settle();
    await two.stop();
    expect(two.lines).toEqual(["joined", "lost: the connection has ended"]);
    expect(one.lines).toEqual(["joined"]);
  });
});

/** What happens in a random story. */
interface FleetStep {
  readonly gateway: number;
  readonly what: "open" | "close" | "kill" | "flush" | "restart";
  readonly subject: FleetSubject;
  readonly length: number;
  readonly pause: number;
}

test("any story ends with one state at all gateways", async () => {
  const subjects = fc.constantFrom<FleetSubject>(
    ...[1, 2].flatMap((n) => [holderOfSource(n), holderOfSource(n, "alice/laptop")]),
    { kind: "source", source: holderOfSource(1).source },
    { kind: "who", who: "alice/laptop" },
    { kind: "all" },
  );
  const step: fc.Arbitrary<FleetStep> = fc.record({
    gateway: fc.nat({ max: 2 }),
    what: fc.constantFrom("open", "open", "close", "kill", "flush", "restart"),
    subject: subjects,
    length: fc.integer({ min: 60_000, max: 600_000 }),
    pause: fc.constantFrom(0, 0, 1, 200),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (story) => {
      const bench = new FleetBench();
      for (const name of ["gw-1", "gw-2", "gw-3"]) await bench.add(name);
      for (const { gateway, what, subject, length, pause } of story) {
        const fleet = bench.gateways[gateway]?.fleet;
        if (what === "kill") bench.store.stop();
        else if (what === "flush") bench.store.flush();
        else if (what === "restart") bench.store.isDown = false;
        else if (what === "open" && subject.kind === "holder") fleet?.opened(subject, length);
        else fleet?.closed(subject, hour);
        if (pause > 0) await bench.pass(pause);
      }
      bench.store.isDown = false;
      await bench.pass(3_000);
      const joined = bench.gateways.map(({ fleet }) => fleet.state);
      expect(joined.every(({ isJoined, waiting }) => isJoined && waiting === 0)).toBe(true);
      for (const who of ["", "alice/laptop"]) {
        for (const n of [1, 2]) {
          const ends = bench.gateways.map(({ fleet }) => fleet.endOf(holderOfSource(n, who)));
          expect(new Set(ends).size).toBe(1);
        }
      }
      await bench.close();
    }),
    { numRuns: tries(40) },
  );
});
