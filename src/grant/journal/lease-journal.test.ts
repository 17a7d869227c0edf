import { scrypt as scryptWithCallback } from "node:crypto";
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
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { byCommands, byKernel } from "../../../test/support/accesses.ts";
import { clockReading } from "../../../test/support/clock-reading.ts";
import { asFound } from "../../../test/support/leases.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryFirewall } from "../../../test/support/memory-firewall.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { address } from "../../../test/support/packets.ts";
import { settled } from "../../../test/support/slow-firewall.ts";
import { monotonic } from "../../base/time.ts";
import type { Access } from "../../firewall/firewall.ts";
import type { Lease, LeaseEvent } from "../lease.ts";
import { LeaseManager } from "../lease-manager.ts";
import { Ledger } from "../ledger.ts";
import { formatLine, readJournal } from "./journal-format.ts";
import { LeaseJournal } from "./lease-journal.ts";

const scrypt = promisify<string, string, number, Buffer>(scryptWithCallback);

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
function start(file = path, sync?: () => Promise<void>) {
  const ledger = new Ledger();
  const { journal, recovered } = LeaseJournal.open(file, ledger, here, log, clock, sync);
  const note = (event: LeaseEvent) => {
    ledger.apply(event);
    return journal.write(event);
  };
  return { ledger, journal, recovered, note };
}

/** What the next daemon finds. */
function leftBehind(file = path): Lease[] {
  const { journal, recovered } = start(file);
  journal.close();
  return [...recovered];
}

const source = (i: number) => address(`10.0.${i >> 8}.${i & 255}`);
const open = (id: number, access: Access = byCommands({ source: source(id) })): LeaseEvent => {
  return { op: "open", id, access, length: 1000, since: monotonic(0) };
};
const result = { kind: "failed", status: 1 } as const;
const failure = { result, attempts: 2, runs: 2, since: monotonic(5) };
const opened = (id: number): LeaseEvent => ({ op: "opened", id, due: monotonic(1000) });

test("what was written is found by the next daemon, in each of its states", () => {
  const { ledger, journal, note } = start();
  const events: LeaseEvent[] = [
    ...[open(1), open(2), opened(2), open(3), opened(3), { op: "close", id: 3 } as const],
    ...[open(4), opened(4), { op: "extend", id: 4, due: monotonic(9000) } as const],
    ...[open(5), opened(5), { op: "extend", id: 5, due: monotonic(10) } as const],
    ...[open(6), opened(6), { op: "close", id: 6 } as const, { op: "closed", id: 6 } as const],
    ...[open(7, byKernel({ source: address("2001:db8::7") })), opened(7)],
  ];
  for (const event of events) expect(note(event)).toBe(true);
  journal.close();
  expect(leftBehind()).toEqual(asFound(ledger.leases));
  expect(ledger.leases.map(({ id, state, due }) => `${id} ${state.kind} ${due}`)).toEqual([
    "1 queued 1000",
    "2 open 1000",
    "3 closing 1000",
    "4 open 9000",
    "5 open 10",
    "7 open 1000",
  ]);
});

test("beginning anew keeps exactly the leases that there are, in each of their states", () => {
  const { ledger, journal, note } = start();
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
  // The start, then one line to three for each of the six that are left.
  expect(readJournal(readFileSync(path)).values).toHaveLength(1 + 1 + 2 + 3 + 2 + 3 + 3);
  journal.close();
  expect(leftBehind()).toEqual(asFound(ledger.leases));
});

test("it begins anew by itself when much is over and the disk answers, and keeps what is not", async () => {
  let answer = () => {};
  const { ledger, journal, note } = start(path, () => new Promise((resolve) => (answer = resolve)));
  note(open(1));
  note(opened(1));
  const { ino } = statSync(path);
  for (let id = 2; id < 5000; id++)
    for (const op of [open(id), { op: "closed", id } as const]) note(op);
  note(open(5000));
  await settled();
  expect(statSync(path).ino).toBe(ino);
  answer();
  await expect.poll(() => statSync(path).ino).not.toBe(ino);
  journal.close();
  expect(statSync(path).size).toBeLessThan(2 ** 21);
  expect(readJournal(readFileSync(path)).values.length).toBeLessThan(5000);
  expect(leftBehind()).toEqual(asFound(ledger.leases));
});

test("a lease that is extended again and again is written down once a second", () => {
  const { ledger, journal, note } = start();
  for (const event of [open(1), opened(1), open(2), opened(2)]) note(event);
  const lines = () => readJournal(readFileSync(path)).values.length;
  const before = lines();
  for (let due = 1001; due <= 11_000; due++)
    expect(note({ op: "extend", id: 1, due: monotonic(due) })).toBe(true);
  expect(lines() - before).toBeLessThanOrEqual(11);
  const afterCrash = start().recovered.find(({ id }) => id === 1)?.due ?? 0;
  expect(afterCrash).toBeGreaterThan(10_000);
  expect(afterCrash).toBeLessThanOrEqual(11_000);
  // Whoever makes it end much earlier is to be believed.
  note({ op: "extend", id: 1, due: monotonic(5000) });
  expect(start().recovered.find(({ id }) => id === 1)?.due).toBe(5000);
  note({ op: "extend", id: 1, due: monotonic(5999) });
  journal.close(here);
  expect(leftBehind()).toEqual(asFound(ledger.leases));
});

test("many leases are not written anew at each event", () => {
  const { note, journal } = start();
  for (let id = 1; id <= 4000; id++) note(open(id));
  const inode = statSync(path).ino;
  for (let id = 1; id <= 500; id++) note(opened(id));
  expect(statSync(path).ino).toBe(inode);
  journal.close();
  expect(leftBehind()).toHaveLength(4000);
});

test("a commit that is under way while everything is written anew is no failure", async () => {
  const { note, journal } = start();
  note(open(1));
  // Keeps all of Node's four threads busy, so that the sync comes after the rewriting.
  const busy = Array.from({ length: 4 }, () => scrypt("", "", 32));
  const commit = journal.commit();
  await settled();
  journal.restart();
  expect(await commit).toBe(true);
  expect([journal.trouble, log.texts]).toEqual([undefined, []]);
  await Promise.all(busy);
  journal.close();
});

describe("damage", () => {
  test("is told, and all that is sound is used", () => {
    const { note, journal } = start();
    for (const id of [1, 2, 3]) note(open(id));
    journal.close();
    const bytes = readFileSync(path);
    const { end } = readJournal(bytes);
    truncateSync(path, end - 10);
    expect(leftBehind().map(({ id }) => id)).toEqual([1, 2]);
    expect(log.entries).toMatchObject([
      {
        level: "warning",
        event: "journal-damaged",
        text: expect.stringMatching(/^warning: journal .*: line \d+ is cut off, the rest is used$/),
      },
    ]);
  });

  test("is overcome: the next daemon has nothing to complain of", () => {
    const first = start();
    for (const id of [1, 2]) first.note(open(id));
    first.journal.close();
    truncateSync(path, readJournal(readFileSync(path)).end - 10);
    const second = start();
    for (const lease of second.recovered) second.ledger.apply({ ...open(lease.id) });
    second.journal.restart();
    second.note(open(9));
    second.journal.close();
    log.entries.length = 0;
    expect(leftBehind().map(({ id }) => id)).toEqual([1, 9]);
    expect(log.texts).toEqual([]);
  });

  test("that hides what a lease is for leaves one that is listed until it is forgotten", async () => {
    const first = start();
    for (const event of [open(1), opened(1)]) first.note(event);
    first.journal.close();
    const text = readFileSync(path, "latin1");
    writeFileSync(path, text.replace("10.0.0.1", "10.0.3.7"), "latin1");
    const second = start();
    const firewall = new MemoryFirewall();
    const { ledger, journal } = second;
    const leaseManager = new LeaseManager({
      ...{ firewall, clock, log, ledger, journal, locks: undefined },
      ...{ maxCommands: 1, refuseWithoutJournal: false },
    });
    leaseManager.restore(second.recovered);
    expect(log.texts.at(-1)).toMatch(
      /lost lease: may still be open: the journal is damaged where .*, and it was to end at .*--forget/,
    );
    for (const lease of leaseManager.leases) await leaseManager.close(lease);
    clock.advance(10_000_000);
    journal.close();
    const third = start();
    expect(third.recovered).toEqual(leaseManager.leases);
    expect([third.recovered.length, firewall.history]).toEqual([1, []]);
    for (const lease of third.recovered) third.ledger.add(lease);
    third.note({ op: "closed", id: 1 });
    third.journal.close();
    expect(leftBehind()).toEqual([]);
  });

  test("is a line of somebody else, too: it is told and left out", () => {
    mkdirSync(join(folder, "state"));
    writeFileSync(path, formatLine({ op: "burn" }));
    expect(leftBehind()).toEqual([]);
    expect(log.texts).toEqual([
      `warning: journal ${path}: 1 lines are none of ours, the rest is used`,
    ]);
  });

  test("at any byte leaves a journal that can be used", () => {
    const { note, journal } = start();
    for (const event of [open(1), opened(1), open(2), { op: "closed", id: 1 } as const])
      note(event);
    journal.close();
    const whole = readFileSync(path);
    const { end } = readJournal(whole);
    const cut = join(folder, "cut");
    for (let length = 0; length <= end; length++) {
      writeFileSync(cut, whole.subarray(0, length));
      const ids = leftBehind(cut).map(({ id }) => id);
      expect([[], [1], [1, 2], [2]]).toContainEqual(ids);
    }
  });
});

describe("trouble", () => {
  const isRoot = process.getuid?.() === 0;

  test("is no place for a file: told once, and nothing is thrown", async () => {
    const { journal, note, recovered } = start("/dev/null/journal");
    expect(recovered).toEqual([]);
    journal.restart();
    expect([note(open(1)), note(opened(1)), await journal.commit()]).toEqual([false, false, false]);
    expect(journal.trouble).toMatch(/^cannot use the journal \/dev\/null\/journal: /);
    expect(log.entries).toMatchObject([{ level: "error", event: "journal-failed" }]);
    expect(log.texts[0]).toMatch(/: leases are in memory only$/);
    journal.close();
  });

  test.skipIf(isRoot)("is a directory that must not be written", () => {
    mkdirSync(join(folder, "state"), { mode: 0o500 });
    const { journal, note } = start();
    expect(note(open(1))).toBe(false);
    expect(journal.trouble).toBeDefined();
    chmodSync(join(folder, "state"), 0o700);
  });

  test("ends as soon as there is a place, which is tried once a second: everything is written then", async () => {
    const { ledger, journal, note } = start();
    note(open(1));
    // Without its directory the journal cannot be written anew.
    rmSync(join(folder, "state"), { recursive: true });
    journal.restart();
    expect(journal.trouble).toMatch(/^cannot rewrite the journal /);
    expect([note(open(2)), await journal.commit()]).toEqual([false, false]);
    mkdirSync(join(folder, "state"));
    clock.advance(999);
    expect([note(open(3)), await journal.commit()]).toEqual([false, false]);
    clock.advance(1);
    expect([note(opened(1)), await journal.commit()]).toEqual([true, true]);
    expect(journal.trouble).toBeUndefined();
    journal.close();
    expect(leftBehind()).toEqual(asFound(ledger.leases));
    expect(log.entries.filter(({ event }) => event === "journal-failed")).toHaveLength(1);
  });

  test("is a disk that does not answer for 2 s, until it does: then everything is written", async () => {
    let answer = () => {};
    let syncs = 0;
    const { ledger, journal, note } = start(path, () => {
      syncs++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    note(open(1));
    const first = journal.commit();
    clock.advance(1000);
    const second = journal.commit();
    clock.advance(999);
    expect(journal.trouble).toBeUndefined();
    clock.advance(1);
    expect(await first).toBe(false);
    expect(journal.trouble).toMatch(
      /^cannot commit the journal .*: the disk has not answered for 2 s$/,
    );
    const inode = statSync(path).ino;
    clock.advance(60_000);
    expect([await second, note(opened(1)), note(open(2)), await journal.commit()]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    journal.retry();
    // Nothing that waits for this disk was begun meanwhile.
    expect([statSync(path).ino, syncs, log.texts.length]).toEqual([inode, 1, 1]);
    answer();
    await settled();
    // The second commit, which asks for a sync of its own.
    answer();
    await settled();
    expect(journal.trouble).toBeUndefined();
    const last = journal.commit();
    await settled();
    answer();
    expect(await last).toBe(true);
    journal.close();
    expect(leftBehind()).toEqual(asFound(ledger.leases));
  });

  test("is tried again when somebody has to know", () => {
    const { ledger, journal, note } = start();
    rmSync(join(folder, "state"), { recursive: true });
    journal.restart();
    note(open(1));
    journal.retry();
    expect(journal.trouble).toBeDefined();
    mkdirSync(join(folder, "state"));
    journal.retry();
    expect(journal.trouble).toBeUndefined();
    expect(leftBehind()).toEqual(asFound(ledger.leases));
    journal.close();
  });

  test("is tried once more at the end", () => {
    const { ledger, journal, note } = start();
    rmSync(join(folder, "state"), { recursive: true });
    journal.restart();
    note(open(1));
    mkdirSync(join(folder, "state"));
    journal.close(here);
    expect(leftBehind()).toEqual(asFound(ledger.leases));
    expect(ledger.leases).toHaveLength(1);
  });

  test("at the start lasts: whoever has got the journal by then keeps it", () => {
    writeFileSync(join(folder, "state"), "in the way");
    const { journal, note } = start();
    rmSync(join(folder, "state"));
    const other = start();
    other.note(open(1));
    expect(note(open(2))).toBe(false);
    expect(journal.trouble).toBeDefined();
    journal.close();
    other.journal.close();
    expect(leftBehind().map(({ id }) => id)).toEqual([1]);
  });
});
