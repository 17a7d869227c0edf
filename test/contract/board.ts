import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Board, BoardRow, ToldRow } from "../../src/fleet/board.ts";
import { logStart, longestLog, mostRows } from "../../src/fleet/board.ts";
import type { FleetStamp } from "../../src/fleet/stamp.ts";

/** A store to be tried, for one fleet. */
export interface StoreBench {
  /** Connects one more gateway. */
  readonly connect: () => Promise<Board>;
  /** Makes the store refuse all changes from now on. */
  readonly refuse: () => Promise<void>;
  /** Ends the store, and its connections with it. */
  readonly kill: () => Promise<void>;
  /** Forgets everything, and keeps the connections. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const minute = 60_000;

const row = (name: string, stamp: number, text = name, left = minute): ToldRow => ({
  field: name,
  stamp: stamp as FleetStamp,
  // Sealed records are any bytes.
  sealed: Buffer.concat([Buffer.from([0, 13, 10, 0xff, 32]), Buffer.from(text)]),
  left,
});

const shown = (rows: readonly BoardRow[]) =>
  rows.map(({ field, stamp, sealed }) => `${field} ${stamp} ${sealed.subarray(5).toString()}`);

async function tableOf(board: Board): Promise<string[]> {
  const rows: BoardRow[] = [];
  for await (const part of board.table()) rows.push(...part);
  return shown(rows).sort();
}

/** What every board does. */
export function describeBoard(name: string, open: () => Promise<StoreBench>): void {
  describe(`a board in ${name}`, () => {
    let store: StoreBench;
    let one: Board;
    let two: Board;
    beforeEach(async () => {
      store = await open();
      [one, two] = [await store.connect(), await store.connect()];
    });
    afterEach(async () => {
      for (const board of [one, two]) board?.close();
      await store?.close();
    });

    test("tells the time of the store, which goes on", async () => {
      const first = await one.time();
      await expect.poll(() => two.time()).toBeGreaterThan(first);
      expect(Math.abs(first - Date.now())).toBeLessThan(minute);
    });

    test("has an empty table, and a log that begins, at first", async () => {
      expect(await tableOf(one)).toEqual([]);
      expect(await one.end()).toEqual(logStart);
      expect(await one.heartbeats()).toEqual([]);
      expect(await one.lookUp(["a"])).toEqual([]);
    });

    test("gives rows to all, in the table and in the log, byte for byte", async () => {
      const id = await one.put([row("a", 2000), row("b", 2001)]);
      expect(await tableOf(two)).toEqual(["a 2000 a", "b 2001 b"]);
      const { rows, position, hasGap } = await two.follow(logStart, 1_000);
      expect(shown(rows)).toEqual(["a 2000 a", "b 2001 b"]);
      expect(rows[0]?.sealed).toEqual(row("a", 2000).sealed);
      expect({ position, hasGap }).toEqual({ position: { id, n: 1 }, hasGap: false });
      expect(await two.end()).toEqual(position);
      expect(shown(await two.lookUp(["b", "c", "a"]))).toEqual(["b 2001 b", "a 2000 a"]);
    });

    test("keeps the row with the higher stamp in the table, and all in the log", async () => {
      await one.put([row("a", 2000, "new")]);
      await one.put([row("a", 1998, "old")]);
      expect(await tableOf(two)).toEqual(["a 2000 new"]);
      await two.put([row("a", 2000, "again")]);
      expect(await tableOf(one)).toEqual(["a 2000 again"]);
      const { rows } = await one.follow(logStart, 1_000);
      expect(shown(rows)).toEqual(["a 2000 new", "a 1998 old", "a 2000 again"]);
    });

    test("orders stamps as numbers", async () => {
      await one.put([row("a", 999, "short")]);
      await one.put([row("a", 2 ** 52, "long")]);
      await one.put([row("a", 1000, "between")]);
      expect(await tableOf(one)).toEqual([`a ${2 ** 52} long`]);
    });

    test("wakes those who follow, and lets them go when nothing comes", async () => {
      const waiting = two.follow(logStart, 10_000);
      await one.put([row("a", 2000)]);
      const { rows, position } = await waiting;
      expect(shown(rows)).toEqual(["a 2000 a"]);
      expect(await two.follow(position, 10)).toEqual({ rows: [], position, hasGap: false });
    });

    test("takes as many rows at once as it promises", async () => {
      const rows = Array.from({ length: mostRows }, (_, i) => row(`f${i}`, 2000 + 2 * i));
      await one.put(rows);
      expect(await tableOf(two)).toHaveLength(mostRows);
      expect((await two.follow(logStart, 1_000)).rows).toHaveLength(mostRows);
    });

    test("drops rows that are over, with later ones", async () => {
      await one.put([row("short", 2000, "short", 1), row("long", 2000)]);
      await expect
        .poll(async () => {
          await one.put([row("next", 2000)]);
          return tableOf(two);
        })
        .toEqual(["long 2000 long", "next 2000 next"]);
    });

    test("shows a gap to those whom the log was trimmed past", async () => {
      await one.put([row("first", 2000)]);
      const position = await two.end();
      // A store may trim only whole parts of a log.
      for (let i = 0; i < 2 * longestLog; i++) await one.put([row("next", 2000 + 2 * i)]);
      expect((await two.follow(position, 1_000)).hasGap).toBe(true);
      expect(await tableOf(two)).toHaveLength(2);
    });

    test("shows a gap to those who followed a log that is lost", async () => {
      await one.put([row("a", 2000)]);
      await one.put([row("a", 2002)]);
      const position = await two.end();
      await store.flush();
      await one.put([row("b", 2004)]);
      const batch = await two.follow(position, 1_000);
      expect([shown(batch.rows), batch.hasGap]).toEqual([["b 2004 b"], true]);
      expect(await tableOf(two)).toEqual(["b 2004 b"]);
    });

    test("lets one of those who claim a name at once have it, and the next one later", async () => {
      for (let i = 0; i < 50; i++) {
        const claims = [one, two].map((board, n) =>
          board.claim(`c${i}`, `gw-${n}`, minute, 10_000),
        );
        expect((await Promise.all(claims)).sort()).toEqual([false, true]);
      }
      expect(await one.claim("short", "gw-1", 1, 10_000)).toBe(true);
      await expect.poll(() => two.claim("short", "gw-2", 1, 10_000)).toBe(true);
    });

    test("lets an owner claim again what it has", async () => {
      expect(await one.claim("c", "gw-1", minute, 10_000)).toBe(true);
      expect(await two.claim("c", "gw-2", minute, 10_000)).toBe(false);
      expect(await one.claim("c", "gw-1", minute, 10_000)).toBe(true);
    });

    test("replaces the mark of a list only where it is the expected one, and says what it is", async () => {
      const strange = "\u00ff \0";
      expect(await one.mark("list", "first", undefined, 10_000)).toBeUndefined();
      expect(await one.mark("list", "first", undefined, 10_000)).toBeUndefined();
      expect(await two.mark("list", strange, undefined, 10_000)).toBe("first");
      expect(await two.mark("list", strange, "other", 10_000)).toBe("first");
      expect(await two.mark("list", strange, "first", 10_000)).toBeUndefined();
      expect(await one.mark("list", "third", "first", 10_000)).toBe(strange);
      expect(await one.mark("list", "third", strange, 10_000)).toBeUndefined();
      expect(await two.mark("other", "first", "lost", 10_000)).toBeUndefined();
    });

    test("lets one of those who replace a mark at once do so", async () => {
      const marks = [one, two].map((board, n) => board.mark("list", `gw-${n}`, undefined, 10_000));
      expect((await Promise.all(marks)).filter((held) => held === undefined)).toHaveLength(1);
    });

    test("keeps one heartbeat of a gateway", async () => {
      await one.beat("gw-1", row("gw-1", 2000, "old"));
      await one.beat("gw-1", row("gw-1", 2002, "new"));
      await two.beat("gw-2", row("gw-2", 2000));
      expect(shown(await two.heartbeats()).sort()).toEqual(["gw-1 2002 new", "gw-2 2000 gw-2"]);
      await two.forget("gw-1");
      expect(shown(await one.heartbeats())).toEqual(["gw-2 2000 gw-2"]);
    });

    test("says what the store is", async () => {
      const { version, maxmemoryPolicy } = await one.facts();
      expect([version, maxmemoryPolicy]).toEqual([expect.stringMatching(/^\d+\./), "noeviction"]);
    });

    test("refuses changes in words, and goes on to be read", async () => {
      await one.put([row("a", 2000)]);
      await store.refuse();
      await expect(one.put([row("b", 2000)])).rejects.toMatchObject({ kind: "refused" });
      expect(await tableOf(one)).toEqual(["a 2000 a"]);
      expect(await one.time()).toBeGreaterThan(0);
    });

    test("ends all that waits when it is closed, and other boards go on", async () => {
      const waiting = one.follow(logStart, 10_000);
      one.close();
      await expect(waiting).rejects.toMatchObject({ kind: "lost" });
      await expect(one.time()).rejects.toMatchObject({ kind: "lost" });
      one.close();
      expect(await two.time()).toBeGreaterThan(0);
    });

    test("is lost with its store", async () => {
      const waiting = one.follow(logStart, 10_000);
      const lost = expect(waiting).rejects.toMatchObject({ kind: "lost" });
      await store.kill();
      await lost;
      await expect(two.put([row("a", 2000)])).rejects.toMatchObject({ kind: "lost" });
      await expect(one.claim("c", "gw-1", minute, 10_000)).rejects.toMatchObject({ kind: "lost" });
      await expect(store.connect()).rejects.toMatchObject({ kind: "lost" });
    });
  });
}
