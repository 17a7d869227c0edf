import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { byCommands, byKernel } from "../../../test/support/accesses.ts";
import { clockReading } from "../../../test/support/clock-reading.ts";
import { asFound } from "../../../test/support/leases.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address } from "../../../test/support/packets.ts";
import { monotonic } from "../../base/time.ts";
import type { Access } from "../../firewall/firewall.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import type { Lease, LeaseEvent } from "../lease.ts";
import { LeaseManager } from "../lease-manager.ts";
import { Ledger } from "../ledger.ts";
import { formatLine, readJournal } from "./journal-format.ts";
import { LeaseJournal } from "./lease-journal.ts";

let folder: string;
let path: string;
let log: MemoryLog;
let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock();
  folder = mkdtempSync(join(tmpdir(), "sesame-leases-"));
  path = join(folder, "state", "journal");
  log = new MemoryLog();
});
afterEach(() => rmSync(folder, { recursive: true }));

const here = clockReading({ boot: "one", now: 0, wall: 1_700_000_000_000 });

/** A daemon's ledger and journal, told of everything together. */
async function start(file = path, disk: Disk = systemDisk) {
  const ledger = new Ledger();
  const parts = { ledger, here, log, clock, disk };
  const { journal, recovered, late } = await LeaseJournal.open(file, parts);
  const note = (event: LeaseEvent) => {
    ledger.apply(event);
    journal.write(event);
  };
  return { ledger, journal, recovered, late, note };
}

/** One that goes on with what it found. */
async function goOn(file = path, disk: Disk = systemDisk) {
  const started = await start(file, disk);
  for (const lease of started.recovered) started.ledger.add(lease);
  started.journal.restart();
  return started;
}

/** What the next daemon finds. */
async function leftBehind(file = path): Promise<Lease[]> {
  const { journal, recovered } = await start(file);
  await journal.close();
  return [...recovered];
}

/** A disk on which some operations hang until it answers. */
function hangingDisk(...names: (keyof Disk)[]) {
  let isHung = false;
  const waiting: (() => void)[] = [];
  const hang =
    (name: keyof Disk) =>
    async (...args: never[]) => {
      if (isHung) await new Promise<void>((resolve) => waiting.push(resolve));
      return (systemDisk[name] as (...all: never[]) => unknown)(...args);
    };
  return {
    disk: { ...systemDisk, ...Object.fromEntries(names.map((name) => [name, hang(name)])) },
    /** How many operations hang. */
    get hanging() {
      return waiting.length;
    },
    hang: () => {
      isHung = true;
    },
    answer: () => {
      isHung = false;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

const source = (i: number) => address(`10.0.${i >> 8}.${i & 255}`);
const open = (id: number, access: Access = byCommands({ source: source(id) })): LeaseEvent => {
  return { op: "open", id, access, length: 1000, since: monotonic(0) };
};
const result = { kind: "failed", status: 1 } as const;
const failure = { result, attempts: 2, runs: 2, since: monotonic(5) };
const opened = (id: number): LeaseEvent => ({ op: "opened", id, due: monotonic(1000) });

test("what was written is found by the next daemon, in each of its states", async () => {
  const { ledger, journal, note } = await goOn();
  const events: LeaseEvent[] = [
    ...[open(1), open(2), opened(2), open(3), opened(3), { op: "close", id: 3 } as const],
    ...[open(4), opened(4), { op: "extend", id: 4, due: monotonic(9000) } as const],
    ...[open(5), opened(5), { op: "extend", id: 5, due: monotonic(10) } as const],
    ...[open(6), opened(6), { op: "close", id: 6 } as const, { op: "closed", id: 6 } as const],
    ...[open(7, byKernel({ source: address("2001:db8::7") })), opened(7)],
  ];
  for (const event of events) note(event);
  await journal.close();
  expect(await leftBehind()).toEqual(asFound(ledger.leases));
  expect(ledger.leases.map(({ id, state, due }) => `${id} ${state.kind} ${due}`)).toEqual([
    "1 queued 1000",
    "2 open 1000",
    "3 closing 1000",
    "4 open 9000",
    "5 open 10",
    "7 open 1000",
  ]);
});

test("beginning anew keeps exactly the leases that there are, in each of their states", async () => {
  const { ledger, journal, note } = await goOn();
  for (const event of [
    ...[open(1), open(2), opened(2), open(3), opened(3), { op: "close", id: 3 } as const],
    ...[open(4), { op: "extend", id: 4, due: monotonic(9000) } as const],
    ...[open(5), opened(5), { op: "extend", id: 5, due: monotonic(10) } as const],
    ...[open(6), opened(6), { op: "close", id: 6 } as const, { op: "closed", id: 6 } as const],
    ...[open(7), opened(7), { op: "close", id: 7, failure } as const],
  ]) {
    note(event);
  }
  journal.restart();
  await journal.commit();
  // The start, then one line to three for each of the six that are left.
  expect(readJournal(readFileSync(path)).values).toHaveLength(1 + 1 + 2 + 3 + 2 + 3 + 3);
  await journal.close();
  expect(await leftBehind()).toEqual(asFound(ledger.leases));
});

test("it begins anew by itself when much is over, and keeps what is not", async () => {
  const { ledger, journal, note } = await goOn();
  note(open(1));
  note(opened(1));
  await journal.commit();
  const { ino } = statSync(path);
  for (let id = 2; id < 5000; id++) {
    for (const op of [open(id), { op: "closed", id } as const]) note(op);
    if (id % 100 === 0) await journal.commit();
  }
  note(open(5000));
  await expect.poll(() => statSync(path).ino).not.toBe(ino);
  await journal.close();
  expect(statSync(path).size).toBeLessThan(2 ** 21);
  expect(readJournal(readFileSync(path)).values.length).toBeLessThan(5000);
  expect(await leftBehind()).toEqual(asFound(ledger.leases));
});

test("a lease that is extended again and again is written down once a second", async () => {
  const { ledger, journal, note } = await goOn();
  for (const event of [open(1), opened(1), open(2), opened(2)]) note(event);
  const lines = async () => {
    expect(await journal.commit()).toBe(true);
    return readJournal(readFileSync(path)).values.length;
  };
  const before = await lines();
  for (let due = 1001; due <= 11_000; due++) note({ op: "extend", id: 1, due: monotonic(due) });
  expect((await lines()) - before).toBeLessThanOrEqual(11);
  const endOf = async () => (await leftBehind()).find(({ id }) => id === 1)?.due ?? 0;
  const afterCrash = await endOf();
  expect(afterCrash).toBeGreaterThan(10_000);
  expect(afterCrash).toBeLessThanOrEqual(11_000);
  // Whoever makes it end much earlier is to be believed.
  note({ op: "extend", id: 1, due: monotonic(5000) });
  await journal.commit();
  expect(await endOf()).toBe(5000);
  note({ op: "extend", id: 1, due: monotonic(5999) });
  await journal.close(here);
  expect(await leftBehind()).toEqual(asFound(ledger.leases));
});

test("the first time of each holder is written, and its later ones once a second", async () => {
  const { ledger, journal, note } = await goOn();
  for (const event of [open(1), opened(1)]) note(event);
  const extend = (due: number, who: string) =>
    note({ op: "extend", id: 1, due: monotonic(due), who });
  for (const [due, who] of [
    ...([
      [1001, "alice/laptop"],
      [1002, "bob/phone"],
      [1003, "alice/laptop"],
    ] as const),
    ...([[1004, "bob/phone"]] as const),
  ]) {
    extend(due, who);
  }
  const found = async () => {
    await journal.commit();
    return (await leftBehind()).map(({ by }) => Object.fromEntries(by))[0];
  };
  expect(await found()).toMatchObject({ "alice/laptop": 1001, "bob/phone": 1002 });
  note({ op: "leave", id: 1, who: "alice/laptop" });
  expect(await found()).not.toHaveProperty("alice/laptop");
  extend(1005, "alice/laptop");
  expect(await found()).toMatchObject({ "alice/laptop": 1005, "bob/phone": 1002 });
  await journal.close(here);
  expect(await leftBehind()).toEqual(asFound(ledger.leases));
});

test("many leases are not written anew at each event", async () => {
  const { note, journal } = await goOn();
  for (let id = 1; id <= 4000; id++) note(open(id));
  await journal.commit();
  const inode = statSync(path).ino;
  for (let id = 1; id <= 500; id++) note(opened(id));
  await journal.commit();
  expect(statSync(path).ino).toBe(inode);
  await journal.close();
  expect(await leftBehind()).toHaveLength(4000);
});

test("a commit and a rewriting that are asked for together both succeed", async () => {
  const { note, journal } = await goOn();
  note(open(1));
  const commits = [journal.commit(), journal.commit()];
  journal.restart();
  note(open(2));
  expect(await Promise.all([...commits, journal.commit()])).toEqual([true, true, true]);
  expect([journal.trouble, log.texts]).toEqual([undefined, []]);
  await journal.close();
  expect((await leftBehind()).map(({ id }) => id)).toEqual([1, 2]);
});

test("a commit does not wait for lines that come after it", async () => {
  const most = 2_000;
  const { note, journal } = await goOn();
  await journal.commit();
  note(open(1));
  let isDurable = false;
  const committed = journal.commit().then(() => {
    isDurable = true;
  });
  let count = 1;
  while (!isDurable && count < most) {
    note(open(++count));
    await new Promise(setImmediate);
  }
  await committed;
  expect(count).toBeLessThan(most);
  await journal.close();
});

test("nothing is written before what earlier daemons left is in the ledger", async () => {
  const first = await goOn();
  first.note(open(1));
  await first.journal.close();
  const before = readFileSync(path);
  const second = await start();
  second.ledger.skipTo(1);
  second.note(open(2));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(readFileSync(path)).toEqual(before);
  for (const lease of second.recovered) second.ledger.add(lease);
  second.journal.restart();
  await second.journal.close();
  expect((await leftBehind()).map(({ id }) => id).sort()).toEqual([1, 2]);
});

describe("damage", () => {
  test("is told, and all that is sound is used", async () => {
    const { note, journal } = await goOn();
    for (const id of [1, 2, 3]) note(open(id));
    await journal.close();
    const bytes = readFileSync(path);
    const { end } = readJournal(bytes);
    truncateSync(path, end - 10);
    expect((await leftBehind()).map(({ id }) => id)).toEqual([1, 2]);
    expect(log.entries).toMatchObject([
      {
        level: "warning",
        event: "journal-damaged",
        text: expect.stringMatching(/^warning: journal .*: line \d+ is cut off, the rest is used$/),
      },
    ]);
  });

  test("is overcome: the next daemon has nothing to complain of", async () => {
    const first = await goOn();
    for (const id of [1, 2]) first.note(open(id));
    await first.journal.close();
    truncateSync(path, readJournal(readFileSync(path)).end - 10);
    const second = await start();
    for (const lease of second.recovered) second.ledger.apply({ ...open(lease.id) });
    second.journal.restart();
    second.note(open(9));
    await second.journal.close();
    log.entries.length = 0;
    expect((await leftBehind()).map(({ id }) => id)).toEqual([1, 9]);
    expect(log.texts).toEqual([]);
  });

  test("that hides what a lease is for leaves one that is listed until it is forgotten", async () => {
    const first = await goOn();
    for (const event of [open(1), opened(1)]) first.note(event);
    await first.journal.close();
    const text = readFileSync(path, "latin1");
    writeFileSync(path, text.replace("10.0.0.1", "10.0.3.7"), "latin1");
    const second = await start();
    const firewall = new MemoryFirewall();
    const { ledger, journal } = second;
    const leaseManager = new LeaseManager({
      ...{ firewall, clock, log, ledger, journal, locks: undefined },
      ...{ maxCommands: 1, refuseWithoutJournal: false },
    });
    await leaseManager.restore(second.recovered);
    expect(log.texts.at(-1)).toMatch(
      /lost lease: may still be open: the journal is damaged where .*, and it was to end at .*--forget/,
    );
    for (const lease of leaseManager.leases) await leaseManager.close(lease);
    await journal.commit();
    clock.advance(10_000_000);
    await journal.close();
    const third = await start();
    expect(third.recovered).toEqual(leaseManager.leases);
    expect([third.recovered.length, firewall.history]).toEqual([1, []]);
    for (const lease of third.recovered) third.ledger.add(lease);
    third.journal.restart();
    third.note({ op: "closed", id: 1 });
    await third.journal.close();
    expect(await leftBehind()).toEqual([]);
  });

  test("is an unknown line, too: it is told, and may have begun what nothing else names", async () => {
    mkdirSync(join(folder, "state"));
    writeFileSync(path, formatLine({ op: "burn" }));
    expect(await leftBehind()).toMatchObject([{ access: { owner: { kind: "lost" } } }]);
    expect(log.texts).toEqual([
      `warning: journal ${path}: 1 lines are none of ours, the rest is used`,
    ]);
  });

  test("at any byte leaves a journal that can be used", async () => {
    const { note, journal } = await goOn();
    for (const event of [open(1), opened(1), open(2), { op: "closed", id: 1 } as const])
      note(event);
    await journal.close();
    const whole = readFileSync(path);
    const { end } = readJournal(whole);
    const cut = join(folder, "cut");
    for (let length = 0; length <= end; length++) {
      writeFileSync(cut, whole.subarray(0, length));
      const ids = (await leftBehind(cut)).map(({ id }) => id);
      expect([[], [1], [1, 2], [2]]).toContainEqual(ids);
    }
  });
});

describe("trouble", () => {
  const isRoot = process.getuid?.() === 0;

  test("is no place for a file: told once, and nothing is thrown", async () => {
    const { journal, note, recovered } = await goOn("/dev/null/journal");
    expect(recovered).toEqual([]);
    note(open(1));
    note(opened(1));
    expect(await journal.commit()).toBe(false);
    expect(journal.trouble).toMatch(/^cannot use the journal \/dev\/null\/journal: /);
    expect(log.entries).toMatchObject([{ level: "error", event: "journal-failed" }]);
    expect(log.texts[0]).toMatch(/: leases are in memory only$/);
    await journal.close();
  });

  test.skipIf(isRoot)("is a directory that must not be written", async () => {
    mkdirSync(join(folder, "state"), { mode: 0o500 });
    const { journal, note } = await goOn();
    note(open(1));
    expect(await journal.commit()).toBe(false);
    expect(journal.trouble).toBeDefined();
    chmodSync(join(folder, "state"), 0o700);
  });

  test("ends as soon as there is a place, which is tried once a second: everything is written then", async () => {
    const { ledger, journal, note } = await goOn();
    note(open(1));
    expect(await journal.commit()).toBe(true);
    // Without its directory the journal cannot be written anew.
    rmSync(join(folder, "state"), { recursive: true });
    journal.restart();
    expect(await journal.commit()).toBe(false);
    expect(journal.trouble).toMatch(/^cannot rewrite the journal /);
    note(open(2));
    mkdirSync(join(folder, "state"));
    clock.advance(999);
    note(open(3));
    expect(await journal.commit()).toBe(false);
    clock.advance(1);
    note(opened(1));
    expect(await journal.commit()).toBe(true);
    expect(journal.trouble).toBeUndefined();
    await journal.close();
    expect(await leftBehind()).toEqual(asFound(ledger.leases));
    expect(log.entries.filter(({ event }) => event === "journal-failed")).toHaveLength(1);
  });

  test.each<[string, (keyof Disk)[]]>([
    ["use", ["readFile"]],
    ["rewrite", ["open"]],
    ["write to", ["write"]],
    ["commit", ["syncData"]],
    ["rewrite", ["rename"]],
    ["rewrite", ["sync"]],
  ])(
    "is a disk that does not answer for 2 s, until it does (cannot %s: %s): nothing is lost, nor written twice",
    async (what, operations) => {
      const slow = hangingDisk(...operations);
      const isAtStart = what === "use";
      const first = await goOn();
      for (const event of [open(1), opened(1)]) first.note(event);
      await first.journal.close();
      if (isAtStart) slow.hang();
      const opening = start(path, slow.disk);
      if (isAtStart) {
        await expect.poll(() => slow.hanging).toBe(1);
        clock.advance(2000);
      }
      const { ledger, journal, recovered, late, note } = await opening;
      const restart = async (leases: readonly Lease[]) => {
        for (const lease of leases) ledger.add(lease);
        journal.restart();
        if (what !== "rewrite") await journal.commit();
      };
      if (isAtStart) ledger.skipTo(100);
      else await restart(recovered);
      if (!isAtStart) {
        await journal.commit();
        slow.hang();
      }
      const id = ledger.nextId;
      note(open(id));
      if (what === "rewrite") journal.restart();
      const commit = journal.commit();
      if (!isAtStart) {
        await expect.poll(() => slow.hanging).toBe(1);
        expect(journal.trouble).toBeUndefined();
        clock.advance(1999);
        expect(journal.trouble).toBeUndefined();
        clock.advance(1);
      }
      expect(await commit).toBe(false);
      const message = `cannot ${what} the journal ${path}: the disk has not answered for 2 s`;
      expect(journal.trouble).toBe(message);
      clock.advance(60_000);
      note(opened(id));
      note(open(id + 1));
      expect(await journal.commit()).toBe(false);
      await journal.retry();
      // Nothing that waits for this disk was begun meanwhile.
      expect([slow.hanging, log.texts]).toEqual([1, [`${message}: leases are in memory only`]]);
      slow.answer();
      if (late !== undefined) await restart(await late);
      await expect.poll(() => journal.trouble).toBeUndefined();
      expect(await journal.commit()).toBe(true);
      await journal.close();
      const byId = (leases: readonly Lease[]) => [...leases].sort((a, b) => a.id - b.id);
      expect(byId(await leftBehind())).toEqual(byId(asFound(ledger.leases)));
      expect(ledger.leases).toHaveLength(3);
      const lines = readJournal(readFileSync(path)).values.map((line) => JSON.stringify(line));
      expect(new Set(lines).size).toBe(lines.length);
    },
  );

  test("is a disk that hangs at the end, which waits for 2 s and names what is open", async () => {
    const slow = hangingDisk("write");
    const { journal, note } = await goOn(path, slow.disk);
    for (const event of [open(1), opened(1)]) note(event);
    await journal.commit();
    slow.hang();
    const closing = journal.close(here);
    await expect.poll(() => slow.hanging).toBe(1);
    clock.advance(2000);
    await closing;
    expect(log.texts.at(-1)).toBe(
      `journal ${path} is not complete: the next daemon may not know "ssh" for 10.0.0.1`,
    );
    slow.answer();
  });

  test("is tried again when somebody has to know", async () => {
    const { ledger, journal, note } = await goOn();
    await journal.commit();
    rmSync(join(folder, "state"), { recursive: true });
    journal.restart();
    note(open(1));
    expect(await journal.commit()).toBe(false);
    await journal.retry();
    expect(journal.trouble).toBeDefined();
    mkdirSync(join(folder, "state"));
    await journal.retry();
    expect(journal.trouble).toBeUndefined();
    expect(await leftBehind()).toEqual(asFound(ledger.leases));
    await journal.close();
  });

  test("is tried once more at the end", async () => {
    const { ledger, journal, note } = await goOn();
    await journal.commit();
    rmSync(join(folder, "state"), { recursive: true });
    journal.restart();
    note(open(1));
    expect(await journal.commit()).toBe(false);
    mkdirSync(join(folder, "state"));
    await journal.close(here);
    expect(await leftBehind()).toEqual(asFound(ledger.leases));
    expect(ledger.leases).toHaveLength(1);
  });

  test("at the start lasts: whoever has got the journal by then keeps it", async () => {
    writeFileSync(join(folder, "state"), "in the way");
    const { journal, note } = await goOn();
    rmSync(join(folder, "state"));
    const other = await goOn();
    other.note(open(1));
    note(open(2));
    expect(await journal.commit()).toBe(false);
    expect(journal.trouble).toBeDefined();
    await journal.close();
    await other.journal.close();
    expect((await leftBehind()).map(({ id }) => id)).toEqual([1]);
  });
});
