import { describe, expect, test } from "vitest";
import type { Who } from "../../test/support/accesses.ts";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { address } from "../../test/support/packets.ts";
import { settled } from "../../test/support/slow-firewall.ts";
import type { CommandTask } from "./command-queue.ts";
import { CommandScheduler } from "./command-scheduler.ts";

/** Each command is of a source of its own, unless it says otherwise. */
interface Facts extends Who {
  readonly kind?: string;
  readonly what?: "open" | "close";
  readonly needsSlot?: boolean;
  readonly key?: string;
}

function make(most = 64) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const scheduler = new CommandScheduler({ clock, log }, most);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  let sources = 0;
  const run = (name: string, facts: Facts = {}) => {
    const { kind = "iptables", what = "open", needsSlot = true, key = name, ...who } = facts;
    const task: CommandTask = {
      ...{ key, what, needsSlot },
      access: byCommands(
        { source: address(`10.0.${sources >> 8}.${sources++ & 255}`), ...who },
        { start: `${kind} a`, stop: `${kind} b`, serial: undefined },
      ),
      run: () => {
        started.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      },
    };
    return scheduler.run(task);
  };
  const end = async (...names: string[]) => {
    for (const name of names) ends.get(name)?.();
    await settled();
  };
  return { clock, log, scheduler, started, run, end };
}

const alice = address("192.0.2.7");

describe("of one kind", () => {
  test("one command runs at a time, in order; iptables runs beside anything", async () => {
    const { started, run, end } = make();
    for (const name of ["a", "b", "c"]) void run(name, { kind: "ufw" });
    for (const name of ["i", "j"]) void run(name);
    void run("other", { kind: "firewall-cmd" });
    expect(started).toEqual(["a", "i", "j", "other"]);
    await end("a");
    expect(started.slice(4)).toEqual(["b"]);
    await end("b", "c");
    expect(started.slice(4)).toEqual(["b", "c"]);
  });

  test("openings go before closings that wait, so that one waits for at most one closing", async () => {
    const { started, run, end } = make();
    for (const name of ["c1", "c2", "c3"]) void run(name, { kind: "ufw", what: "close" });
    void run("o1", { kind: "ufw" });
    void run("o2", { kind: "ufw" });
    await end("c1");
    await end("o1");
    await end("o2");
    await end("c2");
    expect(started).toEqual(["c1", "o1", "o2", "c2", "c3"]);
  });

  test("a closing that has waited for 10 s takes turns with the openings", async () => {
    const { clock, started, run, end } = make();
    void run("o0", { kind: "ufw" });
    for (const name of ["c1", "c2"]) void run(name, { kind: "ufw", what: "close" });
    for (let i = 1; i <= 4; i++) void run(`o${i}`, { kind: "ufw" });
    clock.advance(6000);
    await end("o0");
    clock.advance(6000);
    for (const name of ["o1", "c1", "o2", "c2", "o3"]) await end(name);
    expect(started).toEqual(["o0", "o1", "c1", "o2", "c2", "o3", "o4"]);
  });

  test("a command that takes more than 10 s lets the next one start, with a word", async () => {
    const { clock, log, scheduler, started, run, end } = make();
    void run("slow", { kind: "ufw" });
    void run("next", { kind: "ufw", source: alice });
    clock.advance(9999);
    expect(started).toEqual(["slow"]);
    expect(log.texts).toEqual([]);
    clock.advance(1);
    expect(started).toEqual(["slow", "next"]);
    const text = "192.0.2.7: ssh: starts beside 1 command of the kind ufw that took more than 10 s";
    expect(log.entries).toMatchObject([{ level: "warning", event: "beside", text }]);
    const problem =
      "1 command of the kind ufw took more than 10 s: others of that kind started beside";
    expect(scheduler.problems).toEqual([{ code: "commands-beside", message: problem }]);
    await end("next", "slow");
    expect(scheduler.problems).toEqual([]);
  });

  test("all closings run at once at the end, and the log says so", async () => {
    const { log, scheduler, started, run } = make(1);
    for (const name of ["a", "b", "c"]) void run(name, { kind: "ufw", what: "close" });
    scheduler.closeAtOnce();
    void run("d", { kind: "ufw", what: "close" });
    expect(started).toEqual(["a", "b", "c", "d"]);
    expect(log.entries).toMatchObject([{ level: "warning", event: "lanes-ignored" }]);
  });
});

describe("of one source", () => {
  test("openings run in the order of the knocks, also at different doors", async () => {
    const { started, run, end } = make();
    for (const door of ["a", "b", "c"]) void run(door, { door, source: alice });
    void run("bob's", { door: "a" });
    expect(started).toEqual(["a", "bob's"]);
    await end("a");
    expect(started).toEqual(["a", "bob's", "b"]);
    await end("b");
    expect(started.at(-1)).toBe("c");
  });

  test("the wait for the one before is at most 10 s", () => {
    const { clock, started, run } = make();
    void run("a", { door: "a", source: alice });
    clock.advance(5000);
    void run("b", { door: "b", source: alice });
    clock.advance(9999);
    expect(started).toEqual(["a"]);
    clock.advance(1);
    expect(started).toEqual(["a", "b"]);
  });

  test("a repeated knock is the last one, even if an earlier one for its door waits", async () => {
    const { started, run, end } = make();
    void run("first", { door: "x", source: alice });
    const older = run("older", { door: "a", key: "a", source: alice });
    void run("between", { door: "b", source: alice });
    void run("newer", { door: "a", key: "a", source: alice });
    expect(await older).toBe("dropped");
    await end("first");
    await end("between");
    expect(started).toEqual(["first", "between", "newer"]);
  });

  test("an administrator's openings, and closings, wait for none of them", () => {
    const { started, run } = make();
    void run("a", { source: alice });
    void run("admin", { source: alice, needsSlot: false });
    void run("closing", { source: alice, what: "close" });
    expect(started).toEqual(["a", "admin", "closing"]);
  });
});

describe("slots", () => {
  test("one door has half of them; others, closings and an administrator go on", async () => {
    const { started, run, end } = make(4);
    for (let i = 0; i < 4; i++) void run(`hang ${i}`, { door: "hang" });
    expect(started).toEqual(["hang 0", "hang 1"]);
    void run("a", { door: "a" });
    void run("b", { door: "b" });
    void run("c", { door: "c" });
    expect(started.slice(2)).toEqual(["a", "b"]);
    void run("admin", { door: "hang", needsSlot: false });
    void run("closing", { what: "close" });
    expect(started.slice(4)).toEqual(["admin", "closing"]);
    await end("a");
    expect(started.slice(6)).toEqual(["c"]);
    await end("hang 1");
    expect(started.slice(7)).toEqual(["hang 2"]);
  });

  test("a door whose commands hang in a lane lets other doors go first", async () => {
    const { clock, started, run, end } = make();
    for (let i = 0; i < 5; i++) void run(`hang ${i}`, { door: "hang", kind: "sh" });
    void run("a", { door: "a", kind: "sh" });
    clock.advance(10_000);
    expect(started).toEqual(["hang 0", "a"]);
    await end("a");
    expect(started).toEqual(["hang 0", "a", "hang 1"]);
  });

  test("an administrator's opening goes first in its lane", async () => {
    const { started, run, end } = make();
    for (const name of ["a", "b"]) void run(name, { kind: "ufw" });
    void run("admin", { kind: "ufw", needsSlot: false });
    await end("a");
    expect(started).toEqual(["a", "admin"]);
  });

  test("of openings that wait one door has half, too", async () => {
    const { run } = make(2);
    const results = Array.from({ length: 5002 }, (_, i) => run(`hang ${i}`, { door: "hang" }));
    expect(await results.at(-1)).toBe("refused");
    void run("c", { door: "c" });
    const other = run("b", { door: "b" });
    expect(await Promise.race([other, settled()])).toBeUndefined();
  });

  test("what waits for long is a problem, with what it waits for", async () => {
    const { clock, scheduler, run, end } = make(2);
    void run("x", { door: "hang" });
    void run("y", { door: "hang" });
    void run("u", { door: "lane", kind: "ufw" });
    void run("v", { door: "lane 2", kind: "ufw" });
    void run("a", { door: "one", source: alice, kind: "ufw" });
    void run("b", { door: "two", source: alice });
    clock.advance(2999);
    expect(scheduler.problems).toEqual([]);
    clock.advance(1);
    const message = expect.stringMatching(
      /^2 commands run, 4 wait, the oldest since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: 2 for a ufw of "lane", 1 for a slot of "hang", 1 for an earlier knock of the same source$/,
    );
    expect(scheduler.problems).toEqual([{ code: "commands-waiting", message }]);
    for (const name of ["x", "u", "v", "a", "y", "b"]) await end(name);
    expect(scheduler.problems).toEqual([]);
  });
});

test("what waits to open can be dropped, and it tells when none is left", async () => {
  const { scheduler, started, run, end } = make();
  void run("a", { kind: "ufw" });
  const waiting = run("b", { kind: "ufw" });
  let isIdle = false;
  void scheduler.idle("open").then(() => {
    isIdle = true;
  });
  scheduler.dropOpenings(() => true);
  expect(await waiting).toBe("dropped");
  expect([isIdle, scheduler.size("open")]).toEqual([false, 1]);
  await end("a");
  expect([isIdle, scheduler.size("open"), started]).toEqual([true, 0, ["a"]]);
});

test("the closing of a native door waits for nothing", () => {
  const { scheduler, started, run } = make(1);
  void run("a", { what: "close" });
  const task = { key: "n", what: "close", access: byKernel(), needsSlot: false } as const;
  void scheduler.run({ ...task, run: async () => void started.push("native") });
  expect(started).toEqual(["a", "native"]);
});
