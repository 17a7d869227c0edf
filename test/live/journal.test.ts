import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { monotonic } from "../../src/base/time.ts";
import { LeaseJournal } from "../../src/grant/journal/lease-journal.ts";
import type { LeaseEvent } from "../../src/grant/lease.ts";
import { Ledger } from "../../src/grant/ledger.ts";
import { byCommands } from "../support/accesses.ts";
import { clockReading } from "../support/clock-reading.ts";
import { asFound } from "../support/leases.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { MemoryLog } from "../support/memory-log.ts";
import { Folder } from "./knockd.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const clock = new ManualClock();
const here = clockReading({ boot: "one", now: 0, wall: 0 });

describe.skipIf(needs())("the journal on a disk of its own", () => {
  async function makeDisk(megabytes: number): Promise<Folder> {
    const disk = new Folder();
    const size = `size=${megabytes}m`;
    await run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk.path]);
    onTestFinished(async () => void (await run(["umount", disk.path])));
    return disk;
  }

  async function start(path: string) {
    const ledger = new Ledger();
    const log = new MemoryLog();
    const parts = { ledger, here, log, clock };
    const { journal, recovered } = await LeaseJournal.open(path, parts);
    const note = (event: LeaseEvent) => {
      ledger.apply(event);
      journal.write(event);
      return journal.commit();
    };
    return { ledger, log, journal, recovered, note };
  }

  /** Leaves not a byte. */
  function fill(disk: Folder): void {
    const block = new Uint8Array(64 * 1024);
    expect(() => {
      for (let i = 0; ; i++) writeFileSync(disk.at(`full-${i}`), block);
    }).toThrow("ENOSPC");
  }

  test("takes thousands of lines when it is full, says when it takes no more, and recovers", async () => {
    const disk = await makeDisk(4);
    const path = disk.at("journal");
    const { ledger, log, journal, note } = await start(path);
    const open = (id: number): LeaseEvent => {
      const access = byCommands({ door: `door ${id}` });
      return { op: "open", id, access, length: 1000, since: monotonic(0) };
    };
    journal.restart();
    await note(open(1));
    fill(disk);

    let lines = 0;
    for (let id = 2; await note(open(id)); id++) {
      lines++;
      expect(journal.trouble).toBeUndefined();
      await note({ op: "closed", id });
    }
    expect(lines).toBeGreaterThan(2000);
    expect(journal.trouble).toMatch(/^cannot write to the journal .*no space left/i);
    expect(await journal.commit()).toBe(false);
    await note({ op: "opened", id: 1, due: monotonic(5) });
    expect(log.entries).toMatchObject([{ level: "error", event: "journal-failed" }]);

    // What could not be written is made up for, once there is room.
    const before = ledger.leases;
    for (let i = 0; i < 32; i++) rmSync(disk.at(`full-${i}`), { force: true });
    clock.advance(1000);
    const last = open(999_999);
    expect([await note(last), journal.trouble]).toEqual([true, undefined]);
    await journal.close();
    const next = await start(path);
    await next.journal.close();
    expect(next.recovered).toEqual(asFound([...before, ...ledger.leases.slice(-1)]));
  });
});

describe.skipIf(needs())("a disk that must not be written", () => {
  test("is trouble from the start, and nothing breaks", async () => {
    const disk = new Folder();
    await run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", disk.path]);
    onTestFinished(async () => void (await run(["umount", disk.path])));
    const ledger = new Ledger();
    const log = new MemoryLog();
    const { journal } = await LeaseJournal.open(disk.at("journal"), { ledger, here, log });
    journal.restart();
    const event: LeaseEvent = { op: "close", id: 1 };
    journal.write(event);
    expect(await journal.commit()).toBe(false);
    expect(journal.trouble).toMatch(/read-only/i);
    expect(log.texts).toHaveLength(1);
    await journal.close();
  });
});
