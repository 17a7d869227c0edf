import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { logStart } from "../../src/fleet/board.ts";
import { RedisBoard } from "../../src/fleet/redis-board.ts";
import type { FleetStamp } from "../../src/fleet/stamp.ts";
import { storeAcl } from "../../src/fleet/store-acl.ts";
import { describeBoard } from "../contract/board.ts";
import { patientLimits, RedisServer } from "./redis-server.ts";
import { needs } from "./requirements.ts";

const row = { field: "a", stamp: 2000 as FleetStamp, sealed: Buffer.from("sealed"), left: 60_000 };

describe.skipIf(needs("redis-server"))("Redis", () => {
  describeBoard("Redis", async () => {
    const server = await RedisServer.start();
    return {
      connect: () => server.connect(),
      refuse: async () => {
        await server.cli("config", "set", "maxmemory", "1");
      },
      kill: () => server.kill(),
      flush: async () => {
        await server.cli("flushall");
      },
      close: () => server.close(),
    };
  });

  describe("a store that fails", () => {
    let server: RedisServer;
    beforeEach(async () => {
      server = await RedisServer.start("--requirepass", "secret");
    });
    afterEach(() => server?.close());
    const open = (password?: string, limits = patientLimits) =>
      RedisBoard.open("office", {
        ...{ ...server.access, limits },
        ...(password === undefined ? {} : { password }),
      });

    test("refuses those without the password, or with a wrong one", async () => {
      await expect(open("wrong")).rejects.toMatchObject({
        kind: "refused",
        message: expect.stringMatching(/^the store redis\+unix:\S+ refuses: WRONGPASS /),
      });
      await expect(open()).rejects.toMatchObject({
        kind: "refused",
        message: expect.stringMatching(/ refuses: NOAUTH /),
      });
    });

    test("that hangs is lost in time, and one that hangs at the start is, too", async () => {
      const board = await open("secret", { ...patientLimits, answer: 2_000 });
      const waiting = board.follow(logStart, 60_000);
      const lost = expect(waiting).rejects.toMatchObject({ kind: "lost" });
      server.signal("SIGSTOP");
      await expect(board.claim("c", "gw-1", 60_000, 50)).rejects.toMatchObject({ kind: "late" });
      await expect(board.put([row])).rejects.toMatchObject({
        kind: "lost",
        message: expect.stringMatching(/ is lost: no answer for 2\.0 s$/),
      });
      await lost;
      const hasty = open("secret", { ...patientLimits, connect: 1_000 });
      await expect(hasty).rejects.toMatchObject({ kind: "lost" });
      server.signal("SIGCONT");
      const next = await open("secret");
      expect(await next.put([row])).toMatch(/^\d+-\d+$/);
      next.close();
    });

    test("is lost when it becomes a replica, which takes no changes", async () => {
      const board = await open("secret");
      await server.cli("-a", "secret", "replicaof", "127.0.0.1", "1");
      await expect(board.put([row])).rejects.toMatchObject({ kind: "lost" });
    });

    test("gives what others wrote there as rows that no seal opens", async () => {
      const board = await open("secret");
      const garbage = ["x", "", "12", "-1 x", "1e400 x", "9999999999999999999 x"];
      for (const [i, value] of garbage.entries()) {
        await server.cli("-a", "secret", "hset", "sesame:{office}:now", `f${i}`, value);
      }
      const found = [];
      for await (const rows of board.table()) found.push(...rows);
      expect(found).toHaveLength(garbage.length);
      expect(found.every(({ stamp }) => Number.isSafeInteger(stamp))).toBe(true);
      await board.put([{ ...row, field: "f0" }, row]);
      expect(await board.lookUp(["f0"])).toMatchObject([{ stamp: 2000 }]);
      await server.cli("-a", "secret", "xadd", "sesame:{office}:log", "*", "odd", "x");
      expect((await board.follow(await board.end(), 10)).rows).toEqual([]);
      const all = await board.follow(logStart, 1_000);
      expect([all.rows.length, all.hasGap]).toEqual([2, true]);
      await server.cli("-a", "secret", "set", "sesame:{office}:used", "text");
      const marked = board.mark("list", "x", undefined, 10_000);
      await expect(marked).rejects.toMatchObject({ kind: "refused" });
      board.close();
    });
  });

  test("a gateway needs no more than the documented privileges", async () => {
    const server = await RedisServer.start();
    const [, ...words] = storeAcl("office", "sesame", ">secret").split(" ");
    expect(await server.cli("acl", "setuser", ...words)).toBe("OK");
    const access = { ...server.access, user: "sesame", password: "secret" };
    const board = await RedisBoard.open("office", access);
    await board.put([row]);
    for await (const rows of board.table()) expect(rows).toHaveLength(1);
    await board.lookUp(["a"]);
    await board.follow(logStart, 10);
    await board.end();
    expect(await board.claim("c", "gw-1", 60_000, 10_000)).toBe(true);
    await board.mark("list", "x", undefined, 10_000);
    await board.beat("gw-1", row);
    await board.heartbeats();
    await board.forget("gw-1");
    await board.facts();
    const other = await RedisBoard.open("home", access);
    const refusal = { kind: "refused", message: expect.stringMatching(/ refuses: NOPERM /) };
    await expect(other.put([row])).rejects.toMatchObject(refusal);
    for (const one of [board, other]) one.close();
    await server.close();
  });
});
