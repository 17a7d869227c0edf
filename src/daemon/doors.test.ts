import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { runs } from "../../test/support/actions.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { settled } from "../../test/support/slow-firewall.ts";
import type { Network } from "../base/address.ts";
import { parseNetwork } from "../base/address.ts";
import { KnockError } from "../base/errors.ts";
import { formatPort, portKey } from "../base/port.ts";
import { parseSequence } from "../base/sequence.ts";
import { later, wallTime } from "../base/time.ts";
import type { DoorConfig } from "../config/config.ts";
import { fixedSteps } from "../config/config.ts";
import type { Door } from "../match/door.ts";
import { ActiveDoors } from "./active-doors.ts";
import { Doors, isOpenable } from "./doors.ts";
import { markUsed, readList } from "./state/one-time-file.ts";
import type { OneTimeFiles } from "./state/one-time-files.ts";
import { markedFiles } from "./state/one-time-files.ts";

let folder: string;
let list: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-doors-"));
  list = join(folder, "list");
});
afterEach(() => rmSync(folder, { recursive: true }));

function settings(doors: readonly DoorConfig[], knockPorts: readonly number[] = []) {
  return { doors, options: { knockPorts, fwknopPorts: [] } };
}

const plain: DoorConfig = {
  name: "plain",
  sequence: {
    kind: "fixed",
    steps: [
      { number: 1, protocol: "tcp" },
      { number: 2, protocol: "udp" },
    ],
  },
  timeout: 5000,
  flags: { mask: 2, value: 2 },
  target: undefined,
  allow: undefined,
  deny: [],
  until: undefined,
  users: [],
  longest: undefined,
  fleet: undefined,
  onOpen: undefined,
  onClose: undefined,
  decoys: 0,
  action: runs({ start: "true" }),
};
const oneTime = (): DoorConfig => ({
  ...plain,
  name: "once",
  sequence: { kind: "one-time", file: list },
});

const noNames = (targets: readonly (Network | string)[]) =>
  targets.filter((target) => typeof target !== "string");

function parseSteps(text: string): DoorConfig["sequence"] {
  const steps = parseSequence(text);
  if ("problem" in steps) throw new Error(steps.problem);
  return { kind: "fixed", steps };
}

function steps(doors: Doors): string[] {
  return doors.matchable.map(
    ({ name, sequence }) => `${name} ${sequence.map(formatPort).join(",")}`,
  );
}

function only(doors: Doors, name: string): Door {
  const door = doors.matchable.find((other) => other.name === name);
  if (door === undefined) throw new Error(`no door ${name}`);
  return door;
}

test("a plain door is as it is configured, also after it was opened", () => {
  const doors = new Doors([plain], noNames, new MemoryLog());
  const { name, timeout, flags, target, allow, deny } = plain;
  const sequence = fixedSteps(plain);
  expect(doors.matchable).toEqual([{ name, sequence, timeout, flags, target, allow, deny }]);
  expect(doors.ports).toEqual({ tcp: new Set([1]), udp: new Set([2]) });
  expect(doors.find(only(doors, "plain"))?.config).toBe(plain);
  expect(doors.use(only(doors, "plain"))).toEqual({
    changed: false,
    marked: undefined,
    answered: undefined,
  });
  expect(steps(doors)).toEqual(["plain 1:tcp,2:udp"]);
});

test("two doors of one name and sequence are told apart", () => {
  const configs = [plain, { ...plain, commands: { start: "false" } }];
  const doors = new Doors(configs, noNames, new MemoryLog());
  expect(doors.matchable.map((door) => doors.find(door)?.config)).toEqual(configs);
  expect(doors.matchable.map((door) => doors.find(door)?.nth)).toEqual([1, 2]);
});

describe("a door with one-time sequences", () => {
  test("takes one after the other, marks each, and is disabled after the last, it alone", async () => {
    writeFileSync(list, " 3,4\n bad\n 5:udp\n");
    const log = new MemoryLog();
    const doors = new Doors([oneTime(), plain], noNames, log);
    expect(steps(doors)).toEqual(["once 3:tcp,4:tcp", "plain 1:tcp,2:udp"]);
    const config = doors.find(only(doors, "once"))?.config;

    expect(await doors.use(only(doors, "once")).marked).toBe(true);
    expect(steps(doors)).toEqual(["once 5:udp", "plain 1:tcp,2:udp"]);
    expect(doors.ports.udp).toEqual(new Set([5, 2]));
    expect(doors.find(only(doors, "once"))?.config).toBe(config);

    expect(await doors.use(only(doors, "once")).marked).toBe(true);
    expect(steps(doors)).toEqual(["plain 1:tcp,2:udp"]);
    expect(readFileSync(list, "utf8")).toBe("#3,4\n bad\n#5:udp\n");
    expect(log.texts).toEqual([
      expect.stringMatching(/^warning: door once: .*list:2: port is invalid.*skipped$/),
      "new sequence for door once: 3:tcp,4:tcp",
      "new sequence for door once: 5:udp",
      "no more sequences left in the one time sequences file for door once --> disabling the door",
    ]);
  });

  test.each([
    ["used up", "#1,2\n\n", "no more sequences left"],
    ["empty", "", "no more sequences left"],
    ["not there", undefined, "--> disabling the door"],
  ])("whose list is %s is disabled at the start, it alone", (_, content, text) => {
    if (content !== undefined) writeFileSync(list, content);
    const log = new MemoryLog();
    const doors = new Doors([oneTime(), plain], noNames, log);
    expect(steps(doors)).toEqual(["plain 1:tcp,2:udp"]);
    expect(log.texts).toEqual([expect.stringContaining(text)]);
    expect(log.entries[0]?.door).toBe("once");
  });

  test("is used up to the line that another gateway used", async () => {
    writeFileSync(list, "1,2\n3,4\n5,6\n");
    const doors = new Doors([oneTime(), plain], noNames, new MemoryLog());
    const { line } = doors.use(only(doors, "once"));
    expect(line).toMatchObject({ offset: 0, sequence: "1:tcp,2:tcp" });
    expect(line?.unused.map(({ offset }) => offset)).toEqual([4, 8]);
    const heard = { door: "once", nth: 1, sequence: "5:tcp,6:tcp" };
    expect(doors.useUpTo({ ...heard, nth: 2 })).toBeUndefined();
    expect(doors.useUpTo({ ...heard, sequence: "1:tcp,2:tcp" })).toBeUndefined();
    expect(await doors.useUpTo({ ...heard, sequence: "3:tcp,4:tcp" })).toBe(true);
    expect(steps(doors)).toEqual(["once 5:tcp,6:tcp", "plain 1:tcp,2:udp"]);
    expect(readFileSync(list, "utf8")).toBe("#,2\n#,4\n5,6\n");
  });

  test("is disabled when the used sequence cannot be marked: it must not be good twice", async () => {
    writeFileSync(list, " 3,4\n 5,6\n");
    const log = new MemoryLog();
    const doors = new Doors([oneTime(), plain], noNames, log);
    rmSync(list);
    const { marked, answered } = doors.use(only(doors, "once"));
    expect([await marked, await answered]).toEqual([false, false]);
    expect(steps(doors)).toEqual(["plain 1:tcp,2:udp"]);
    expect(log.texts.at(-1)).toMatch(/^warning: door once: .* --> disabling the door$/);
  });

  test("has the next one after a reload, when the used one could not be marked before", async () => {
    const text = " 3,4\n 5,6\n";
    writeFileSync(list, text);
    const files = markedFiles();
    const doors = new Doors([oneTime()], noNames, new MemoryLog(), files);
    rmSync(list);
    await doors.use(only(doors, "once")).marked;
    writeFileSync(list, text);
    await files.load([list], () => {});
    const reloaded = new Doors([oneTime()], noNames, new MemoryLog(), files);
    expect(steps(reloaded)).toEqual(["once 5:tcp,6:tcp"]);
    await expect.poll(() => readFileSync(list, "utf8")).toBe("#3,4\n 5,6\n");
  });

  test("is disabled when the mark fails later, as on a disk that hangs, and is not shut by it before", async () => {
    writeFileSync(list, " 3,4\n 5,6\n");
    let fail = () => {};
    const files = markedFiles(
      () =>
        new Promise((_, reject) => {
          fail = () => reject(new KnockError("SYSTEM", "no answer"));
        }),
    );
    const log = new MemoryLog();
    const doors = new Doors([oneTime(), plain], noNames, log, files);
    const { marked } = doors.use(only(doors, "once"));
    expect(steps(doors)).toEqual(["once 5:tcp,6:tcp", "plain 1:tcp,2:udp"]);
    // A reload meanwhile does not make the sequence good again.
    expect(steps(new Doors([oneTime()], noNames, log, files))).toEqual(["once 5:tcp,6:tcp"]);
    await settled();
    fail();
    expect(await marked).toBe(false);
    expect(steps(doors)).toEqual(["plain 1:tcp,2:udp"]);
    expect(log.texts.at(-1)).toBe("warning: door once: no answer --> disabling the door");
  });

  test("is enabled again when all marks that are late have ended, unless its date has passed", async () => {
    writeFileSync(list, " 3,4\n 5,6\n 7,8\n");
    const clock = new ManualClock();
    const answers: (() => void)[] = [];
    const files = markedFiles(async (...one) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return markUsed(...one);
    }, clock);
    const end = wallTime(Date.UTC(2026, 11, 5, 20));
    const log = new MemoryLog();
    const doors = new Doors([{ ...oneTime(), until: end }], noNames, log, files);
    const first = doors.use(only(doors, "once"));
    clock.advance(1500);
    const second = doors.use(only(doors, "once"));
    clock.advance(500);
    expect(await first.marked).toBe(false);
    clock.advance(1500);
    expect(await second.marked).toBe(false);
    expect([steps(doors), doors.nextEnd]).toEqual([[], end]);
    answers[0]?.();
    expect(await first.answered).toBe(false);
    expect(steps(doors)).toEqual([]);
    await expect.poll(() => answers.length).toBe(2);
    answers[1]?.();
    expect(await second.answered).toBe(true);
    expect(steps(doors)).toEqual(["once 7:tcp,8:tcp"]);
    expect(readFileSync(list, "utf8")).toBe("#3,4\n#5,6\n 7,8\n");
    expect(log.texts).toContain(
      "door once: the disk has answered, the used sequence is marked --> enabling the door",
    );

    writeFileSync(list, "#3,4\n#5,6\n 7,8\n 9\n");
    const last = doors.use(only(doors, "once"));
    clock.advance(2000);
    expect(await last.marked).toBe(false);
    expect(doors.end(end)).toBe(false);
    await expect.poll(() => answers.length).toBe(3);
    answers[2]?.();
    expect(await last.answered).toBe(false);
    expect([steps(doors), doors.nextEnd]).toEqual([[], undefined]);
  });

  test("goes on with what an administrator has written meanwhile", async () => {
    writeFileSync(list, " 3,4\n 5,6\n");
    const doors = new Doors([oneTime()], noNames, new MemoryLog());
    writeFileSync(list, " 7,8\n 3,4\n");
    await doors.use(only(doors, "once")).marked;
    expect(steps(doors)).toEqual(["once 7:tcp,8:tcp"]);
    expect(readFileSync(list, "utf8")).toBe(" 7,8\n#3,4\n");
  });
});

test("targets are resolved at the start, and again when told", () => {
  const networks = [parseNetwork("192.0.2.1"), parseNetwork("192.0.2.2")].flatMap((n) => n ?? []);
  let known = networks.slice(0, 1);
  const doors = new Doors([{ ...plain, target: ["gate"] }, plain], () => known, new MemoryLog());
  expect(only(doors, "plain").target).toEqual(networks.slice(0, 1));
  known = networks;
  doors.retarget();
  expect(doors.matchable.map(({ target }) => target)).toEqual([networks, undefined]);
});

describe("decoys", () => {
  const tcp = (...numbers: number[]): DoorConfig["sequence"] => ({
    kind: "fixed",
    steps: numbers.map((number) => ({ number, protocol: "tcp" })),
  });
  const baited: DoorConfig = { ...plain, name: "baited", sequence: tcp(7000, 9000), decoys: 4 };
  const numbers = (doors: Doors) =>
    doors.decoys.map((decoys) => decoys.map(({ number }) => number));

  test("belong to the doors that want some, and are watched", () => {
    const doors = new Doors([plain, baited], noNames, new MemoryLog());
    expect(numbers(doors)).toEqual([[], [7001, 6999, 6998, 7002]]);
    expect(doors.ports.tcp).toEqual(new Set([1, 7000, 9000, 7001, 6999, 6998, 7002]));
  });

  test("are not where a door leads, nor where the host has something", () => {
    const action: DoorConfig["action"] = {
      kind: "native",
      services: [{ protocol: "tcp", port: 7001 }, { protocol: "icmp" }],
      openFor: 1000,
      protect: false,
      hosts: undefined,
      masquerade: false,
    };
    const doors = new Doors([{ ...baited, action }], noNames, new MemoryLog());
    expect(numbers(doors)).toEqual([[7002, 6999, 6998, 7003]]);
    const [door] = doors.matchable;
    doors.avoid({
      taken: new Set([portKey(7002, "tcp"), portKey(6999, "tcp")]),
      local: [32768, 60999],
    });
    expect(numbers(doors)).toEqual([[7003, 6998, 6997, 7004]]);
    // A knock at a door that stays the same goes on.
    expect(doors.matchable[0]).toBe(door);
  });

  test("change with a one-time sequence; none are left for a door that is disabled", () => {
    writeFileSync(list, "7000,9000\n5000,6000\n");
    const doors = new Doors([{ ...oneTime(), decoys: 2 }], noNames, new MemoryLog());
    expect(numbers(doors)).toEqual([[7001, 6999]]);
    doors.use(only(doors, "once"));
    expect(numbers(doors)).toEqual([[5001, 4999]]);
    doors.use(only(doors, "once"));
    expect(numbers(doors)).toEqual([]);
    expect(doors.ports.tcp.size).toBe(0);
  });

  test("that a host has no room for are a warning, once, naming a few doors", () => {
    const log = new MemoryLog();
    const all = [1, 2, 3, 4, 5, 6, 7].map((n) => ({
      ...baited,
      name: `n${n}`,
      sequence: tcp(n * 1000, n * 1000 + 1),
      decoys: 32,
    }));
    const doors = new Doors(all, noNames, log);
    expect(log.texts).toEqual([]);
    const everything = new Set(Array.from({ length: 65536 }, (_, port) => portKey(port, "tcp")));
    doors.avoid({ taken: everything, local: [32768, 60999] });
    doors.avoid({ taken: everything, local: [32768, 60999] });
    expect(log.texts).toEqual([
      "warning: a port scan may open 'n1', 'n2', 'n3', 'n4', 'n5' and 2 more: too few ports near by are free to be decoys",
    ]);
  });

  test("are not missed where the configuration itself was warned of", () => {
    const log = new MemoryLog();
    new Doors([{ ...baited, sequence: tcp(1, 2), decoys: 32 }], noNames, log);
    expect(log.texts).toEqual([]);
  });
});

describe("a door with an end", () => {
  const end = wallTime(Date.UTC(2026, 11, 5, 20));
  const ending: DoorConfig = { ...plain, name: "old", until: end };

  test("is disabled from then on, once, and the others stay", () => {
    vi.stubEnv("TZ", "UTC");
    const log = new MemoryLog();
    const doors = new Doors([plain, ending], noNames, log);
    expect(doors.nextEnd).toBe(end);
    expect(doors.end(later(end, -1))).toBe(false);
    expect(steps(doors)).toEqual(["plain 1:tcp,2:udp", "old 1:tcp,2:udp"]);
    expect(doors.end(end)).toBe(true);
    expect(steps(doors)).toEqual(["plain 1:tcp,2:udp"]);
    expect(doors.nextEnd).toBeUndefined();
    expect(doors.end(later(end, 1))).toBe(false);
    expect(log.texts).toEqual(["door old ended at 2026-12-05 20:00:00 --> disabling the door"]);
    vi.unstubAllEnvs();
  });
});

describe("the doors in force", () => {
  const end = wallTime(Date.UTC(2026, 11, 5, 20));
  const ending: DoorConfig = { ...plain, name: "old", until: end };
  const start = async (
    clock: ManualClock,
    configs: readonly DoorConfig[],
    files: OneTimeFiles = markedFiles(),
  ) => {
    const changes: string[][] = [];
    const log = new MemoryLog();
    const onChange = (doors: Doors) => changes.push(steps(doors));
    const active = await ActiveDoors.open(settings(configs), {
      ...{ clock, log, files, onChange },
      table: "sesame",
    });
    onTestFinished(() => active.close());
    return { active, changes, log };
  };

  test("have no decoys where knocks with a key arrive", async () => {
    const door: DoorConfig = {
      ...{ ...plain, decoys: 8 },
      sequence: parseSteps("7000:udp,9000:udp,8000:udp"),
    };
    const { active } = await start(new ManualClock(), [door]);
    const numbers = () => active.current.decoys.flat().map(({ number }) => number);
    const [taken = 0] = numbers();
    active.use(settings([door], [taken]));
    expect(numbers()).toHaveLength(8);
    expect(numbers()).not.toContain(taken);
  });

  test("may be opened by key alone, until they end", async () => {
    const byKey: DoorConfig = {
      ...plain,
      sequence: { kind: "none" },
      users: ["alice"],
      until: end,
    };
    const { active, log } = await start(new ManualClock(end - 1000), [byKey]);
    const isOpenableNow = () => active.current.all.map((live) => isOpenable(live));
    expect([steps(active.current), isOpenableNow()]).toEqual([[], [true]]);
    active.current.end(end);
    expect(isOpenableNow()).toEqual([false]);
    expect(log.texts).toHaveLength(1);
    expect(log.texts[0]).toMatch(/^door plain ended at .* --> disabling the door$/);
  });

  test("gain one whose list hangs at the start when the disk answers, and keep it when it hangs again", async () => {
    writeFileSync(list, " 3,4\n 5,6\n");
    const clock = new ManualClock();
    let answer = () => {};
    const files = markedFiles(markUsed, clock, async (file) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return readList(file);
    });
    const late = async <T>(loading: Promise<T>) => {
      await settled();
      clock.advance(2000);
      return await loading;
    };
    const configs = [plain, oneTime()];
    const { active, changes, log } = await late(start(clock, configs, files));
    expect(steps(active.current)).toEqual(["plain 1:tcp,2:udp"]);
    answer();
    const both = ["plain 1:tcp,2:udp", "once 3:tcp,4:tcp"];
    await expect.poll(() => changes).toEqual([both]);
    expect(steps(active.current)).toEqual(both);
    await late(active.load(configs));
    active.use(settings(configs));
    expect(steps(active.current)).toEqual(both);
    const why = `cannot read ${list}: the disk has not answered for 2 s`;
    expect(log.texts).toEqual([
      `warning: door once: ${why} --> disabling the door`,
      "door once: the disk has answered, its list is read",
      "new sequence for door once: 3:tcp,4:tcp",
      `warning: ${why}: what was read before counts`,
      "new sequence for door once: 3:tcp,4:tcp",
    ]);
  });

  test("lose one that ends, in time", async () => {
    const clock = new ManualClock(end - 86_400_000);
    const { active, changes } = await start(clock, [plain, ending]);
    clock.advance(86_399_999);
    expect(changes).toEqual([]);
    clock.advance(1);
    expect(changes).toEqual([["plain 1:tcp,2:udp"]]);
    expect(steps(active.current)).toEqual(["plain 1:tcp,2:udp"]);
  });

  test("lose it within a minute where the date is set", async () => {
    const clock = new ManualClock(end - 86_400_000);
    const { changes } = await start(clock, [plain, ending]);
    clock.startsAt(end);
    clock.advance(60_000);
    expect(changes).toEqual([["plain 1:tcp,2:udp"]]);
  });

  test("have none that ended before, also after a reload", async () => {
    const clock = new ManualClock(end);
    const { active, changes } = await start(clock, [plain, ending]);
    expect(steps(active.current)).toEqual(["plain 1:tcp,2:udp"]);
    active.use(settings([ending, { ...ending, name: "later", until: later(end, 5000) }]));
    expect(steps(active.current)).toEqual(["later 1:tcp,2:udp"]);
    clock.advance(5000);
    expect([changes, steps(active.current)]).toEqual([[[]], []]);
  });
});
