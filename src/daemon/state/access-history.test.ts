import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { address } from "../../../test/support/packets.ts";
import type { AccessEvent } from "../../grant/access-event.ts";
import { systemDisk } from "../../system/disk.ts";
import { AccessHistory } from "./access-history.ts";

const source = address("192.0.2.7");
const all = { since: 0, most: 100 };

const opened = (name: string, from = source): AccessEvent => ({
  ...{ owner: { kind: "door", name, nth: 1 }, source: from, method: "command" },
  ...{ kind: "opened", by: "knock" },
});

function make(path = join(temporaryFolder(), "k.history")) {
  const clock = new ManualClock(Date.UTC(2026, 10, 28, 14, 31, 4));
  return { path, clock, history: new AccessHistory(path, clock, systemDisk) };
}

test("who opened what is found by door, address and age, the oldest first", async () => {
  const { history, clock, path } = make();
  history.record(opened("ssh"));
  clock.advance(60_000);
  const { owner, method } = opened("web");
  const extended = { kind: "extended", by: "administrator", origin: "gw-2" } as const;
  history.record({ owner, method, source, ...extended });
  const failed = { kind: "failed", status: 2, stderr: "no chain" } as const;
  history.record({ owner, method, source, kind: "ended", result: failed });
  history.record({ owner, method, source, kind: "ended", result: { kind: "done" } });
  history.record({ owner, method, source: address("::1"), kind: "closed", because: "due" });
  const entries = await history.read(all);
  expect(entries).toMatchObject([
    { time: new Date("2026-11-28T14:31:04.000Z"), event: "opened", door: "ssh", by: "knock" },
    { event: "extended", door: "web", by: "administrator", from: "gw-2" },
    {
      event: "failed",
      what: "open",
      reason: "command returned non-zero status code (2): no chain",
    },
    { event: "closed", because: "due" },
  ]);
  expect(await history.read({ ...all, door: "ssh" })).toEqual(entries.slice(0, 1));
  expect(await history.read({ ...all, address: address("::1") })).toEqual(entries.slice(3));
  expect(await history.read({ ...all, since: clock.wall() - 59_000 })).toEqual(entries.slice(1));
  expect(await history.read({ ...all, most: 1 })).toEqual(entries.slice(3));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("what could not be closed is recorded, and that it counts as closed", async () => {
  const { history } = make();
  const { owner, method } = opened("web");
  const result = { kind: "failed", status: 2 } as const;
  history.record({ owner, method, source, kind: "close-failed", result });
  history.record({ owner, method, source, kind: "forgotten", because: "administrator" });
  expect(await history.read(all)).toMatchObject([
    { event: "failed", what: "close", reason: "command returned non-zero status code (2)" },
    { event: "forgotten", because: "administrator", door: "web" },
  ]);
});

test("a torn line is skipped, and the next one is whole", async () => {
  const { path, history } = make();
  writeFileSync(path, '{"time":"2026-11-28T14:00:00.000Z","event":"op');
  history.record(opened("ssh"));
  expect(await history.read(all)).toMatchObject([{ door: "ssh" }]);
});

test("the files stay bounded", async () => {
  const { path, history } = make();
  writeFileSync(path, "x".repeat(1 << 20));
  history.record(opened("old"));
  await history.close();
  expect(readFileSync(`${path}.1`, "utf8")).toMatch(/"old"/);
  history.record(opened("new"));
  expect(await history.read(all)).toMatchObject([{ door: "old" }, { door: "new" }]);
  expect(statSync(path).size).toBeLessThan(200);
});

test("a file that cannot be written is a problem until it can, and nothing is lost", async () => {
  const { path, history } = make();
  mkdirSync(path);
  history.record(opened("ssh"));
  await history.close();
  const message = expect.stringContaining(`cannot write ${path}: `);
  expect(history.problems).toEqual([{ code: "history", message }]);
  rmSync(path, { recursive: true });
  history.record(opened("web"));
  expect(await history.read(all)).toMatchObject([{ door: "ssh" }, { door: "web" }]);
  expect(history.problems).toEqual([]);
});

test("a link is not followed", async () => {
  const { path, history } = make();
  symlinkSync("/dev/null", path);
  history.record(opened("ssh"));
  await history.close();
  expect(history.problems).toHaveLength(1);
});
