import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FleetGateway } from "../../test/support/fleet-bench.ts";
import { FleetBench } from "../../test/support/fleet-bench.ts";
import { later } from "../base/time.ts";
import type { Board } from "./board.ts";
import { BoardError } from "./board.ts";
import type { UnusedLine } from "./list-marks.ts";
import { FleetSeal } from "./seal.ts";
import type { ClaimedUse, ClaimResult } from "./single-uses.ts";

const packet = { kind: "packet", key: "00112233aabbccdd", time: 1_767_225_600_000_000 } as const;
const life = 60_000;

const lines: readonly UnusedLine[] = [7000, 7010, 7020, 7030].map((port, i) => ({
  offset: 10 * i,
  sequence: `${port},8000`,
}));
const line = (n: number, list = lines) => {
  const { offset = -1, sequence = "" } = list[n] ?? {};
  const use = { kind: "line", door: "ssh", nth: 1, offset, sequence } as const;
  return { use, life: 3_600_000, unused: list.slice(n + 1) };
};

describe("what is good once", () => {
  let bench: FleetBench;
  let one: FleetGateway;
  let two: FleetGateway;
  beforeEach(async () => {
    bench = new FleetBench();
    [one, two] = [await bench.add("gw-1"), await bench.add("gw-2")];
  });
  afterEach(() => bench.close());

  async function claim(gateway: FleetGateway, claimed: ClaimedUse = line(0)): Promise<ClaimResult> {
    const claims = gateway.fleet.uses.claim(claimed);
    await bench.settle();
    return claims;
  }

  test("a packet is one gateway's, of two in one moment, and the other hears of it", async () => {
    const claims = [one, two].map(({ fleet }) => fleet.uses.claim({ use: packet, life }));
    await bench.settle();
    expect((await Promise.all(claims)).sort()).toEqual(["mine", "used"]);
    expect([...one.used, ...two.used]).toEqual([packet]);
  });

  test("a claim waits as long as the store takes to write, however fast it is read", async () => {
    const limits: number[] = [];
    let writes = 10;
    const connect = async () => {
      const board: Board = await bench.store.open();
      const { claim: claimAtStore, beat } = board;
      board.claim = (name, owner, time, limit) => {
        limits.push(Math.round(limit));
        return claimAtStore.call(board, name, owner, time, limit);
      };
      board.beat = async (...given) => {
        await new Promise<void>((resolve) => {
          bench.clock.wakeAt(later(bench.clock.now(), writes), resolve);
        });
        return beat.apply(board, given);
      };
      return board;
    };
    const three = await bench.add("gw-3", { connect });
    let time = 0;
    for (writes of [10, 200, 900]) {
      await bench.pass(12_000);
      expect(await claim(three, { use: { ...packet, time: time++ }, life })).toBe("mine");
    }
    expect(limits[0]).toBeGreaterThanOrEqual(50);
    expect(limits[1]).toBeGreaterThanOrEqual(620);
    expect(limits[2]).toBe(1_000);
  });

  test("a claim that is late is used if another gateway's use was heard of meanwhile", async () => {
    let answer = () => {};
    const late = new Promise<never>((_, reject) => {
      answer = () => reject(new BoardError("late", "no answer"));
    });
    const connect = async () => {
      const board = await bench.store.open();
      board.claim = () => late;
      return board;
    };
    const three = await bench.add("gw-3", { connect });
    const claims = [packet, { ...packet, time: 1 }].map((use) =>
      three.fleet.uses.claim({ use, life }),
    );
    expect(await claim(one, { use: packet, life })).toBe("mine");
    answer();
    expect(await Promise.all(claims)).toEqual(["used", "unclaimed"]);
    expect(three.used).toEqual([packet]);
  });

  test("a gateway that comes later hears of it from the table, while it is good", async () => {
    one.fleet.uses.tell({ use: packet, life });
    await bench.settle();
    const three = await bench.add("gw-3");
    expect(three.used).toEqual([packet]);
    await bench.pass(life + 1_000);
    const four = await bench.add("gw-4");
    expect(four.used).toEqual([]);
  });

  test("it is told again to a store that forgot it", async () => {
    one.fleet.uses.tell({ use: packet, life });
    await bench.settle();
    bench.store.stop();
    bench.store.flush();
    await bench.restart();
    const three = await bench.add("gw-3");
    expect(three.used).toEqual([packet]);
  });

  test("a line is one gateway's, and so are the lines before it", async () => {
    expect(await claim(one, line(0))).toBe("mine");
    expect(await claim(two, line(0))).toBe("used");
    expect(await claim(two, line(1))).toBe("mine");
    expect(await claim(two, line(2))).toBe("mine");
    expect(await claim(one, line(1))).toBe("used");
    expect(await claim(one, line(3))).toBe("mine");
    expect(two.used.at(-1)).toEqual(line(3).use);
  });

  test("a list that was edited keeps what is used, and one that was replaced begins anew", async () => {
    expect(await claim(one, line(2))).toBe("mine");
    const moved = lines.map(({ offset, sequence }) => ({ offset: offset + 5, sequence }));
    expect(await claim(two, line(1, moved))).toBe("used");
    const others = lines.map(({ offset, sequence }) => ({ offset, sequence: `1,${sequence}` }));
    expect(await claim(two, line(0, others))).toBe("mine");
    expect(await claim(one, line(0, others))).toBe("used");
  });

  test("garbage in the mark of a list hinders no line", async () => {
    await claim(one);
    for (const list of bench.store.marks.keys()) bench.store.marks.set(list, "\u00ff");
    expect(await claim(one, line(1))).toBe("mine");
  });

  test("without a store, or with one that refuses, nothing is claimed", async () => {
    bench.store.refusal = "OOM";
    expect(await claim(one)).toBe("unclaimed");
    bench.store.stop();
    await bench.settle();
    expect(await claim(two, line(1))).toBe("unclaimed");
  });

  test("what was used alone is claimed later, and used twice is an alarm", async () => {
    bench.store.stop();
    await bench.settle();
    one.fleet.uses.claimLater({ use: packet, life });
    two.fleet.uses.claimLater({ use: packet, life });
    two.fleet.uses.claimLater(line(0));
    expect([one, two].map(({ fleet }) => fleet.state.unclaimed)).toEqual([1, 2]);
    await bench.restart();
    expect([one, two].map(({ fleet }) => fleet.state.unclaimed)).toEqual([0, 0]);
    expect([...one.usedTwice, ...two.usedTwice]).toEqual([packet]);
    expect(await claim(one, line(0))).toBe("used");
    expect([...one.used, ...two.used]).toEqual(expect.arrayContaining([packet, line(0).use]));
  });

  test("what was used alone and is over is claimed no more", async () => {
    bench.store.stop();
    await bench.settle();
    one.fleet.uses.claimLater({ use: packet, life: 1_000 });
    await bench.pass(2_000);
    await bench.restart();
    expect(one.fleet.state.unclaimed).toBe(0);
    expect(bench.store.claims.size).toBe(0);
  });

  test("a gateway that has it hears that another one has it, too, whatever the store said", async () => {
    const claimed = { use: packet, life };
    const claims = one.fleet.uses.claim(claimed);
    await bench.settle();
    bench.store.claims.clear();
    const others = two.fleet.uses.claim(claimed);
    await bench.settle();
    expect(await Promise.all([claims, others])).toEqual(["mine", "mine"]);
    expect([one.usedTwice, two.usedTwice]).toEqual([[packet], []]);
    bench.store.flush();
    await bench.pass(12_000);
    expect(one.usedTwice).toHaveLength(1);
    expect(one.fleet.state.claims).toEqual({ mine: 1, used: 0, unclaimed: 0 });
  });

  test("what needs no claim may be used by two", async () => {
    for (const { fleet } of [one, two]) fleet.uses.tell({ use: packet, life });
    await bench.settle();
    expect([...one.usedTwice, ...two.usedTwice]).toEqual([]);
  });

  test("of packets whose time is the same, each is one of its own", async () => {
    const digests = ["0", "1"].map((digit) => digit.repeat(64));
    for (const digest of digests) {
      const claims = one.fleet.uses.claim({ use: { ...packet, digest }, life });
      await bench.settle();
      expect(await claims).toBe("mine");
    }
    expect(two.used).toEqual(digests.map((digest) => ({ ...packet, digest })));
  });

  test("many that wait for a claim are claimed together", async () => {
    bench.store.stop();
    await bench.settle();
    for (let time = 0; time < 1000; time++) {
      one.fleet.uses.claimLater({ use: { ...packet, time }, life });
    }
    await bench.restart();
    expect(one.fleet.state.unclaimed).toBe(0);
    expect(bench.store.claims.size).toBe(1000);
    expect(two.used).toHaveLength(1000);
  });

  test("a table that lost it gets it again within a minute or so", async () => {
    one.fleet.uses.tell({ use: packet, life: 3_600_000 });
    await bench.settle();
    bench.store.table.clear();
    await bench.pass(70_000);
    expect(bench.store.table.size).toBe(1);
  });

  test.each([
    [["old"], ["old", "new"]],
    [
      ["old", "new"],
      ["new", "old"],
    ],
    [["new", "old"], ["new"]],
  ])("is good once while keys %j and %j are in use", async (first, second) => {
    const sealOf = (names: readonly string[]) => {
      const [key = Buffer.alloc(32), ...keys] = names.map((name) => Buffer.alloc(32, name));
      return new FleetSeal("office", [key, ...keys]);
    };
    const [three, four] = [
      await bench.add("gw-3", { seal: sealOf(first) }),
      await bench.add("gw-4", { seal: sealOf(second) }),
    ];
    const packets = [three, four].map(({ fleet }) => fleet.uses.claim({ use: packet, life }));
    await bench.settle();
    expect((await Promise.all(packets)).filter((result) => result === "mine")).toHaveLength(1);
    expect(await claim(three)).toBe("mine");
    expect(await claim(four)).toBe("used");
    expect(await claim(four, line(1))).toBe("mine");
    expect(await claim(three, line(1))).toBe("used");
  });
});
