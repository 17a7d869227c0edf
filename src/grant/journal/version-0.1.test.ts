import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clockReading } from "../../../test/support/clock-reading.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { LeaseEvent } from "../lease.ts";
import { Ledger } from "../ledger.ts";
import { readJournal } from "./journal-format.ts";
import { LeaseJournal } from "./lease-journal.ts";
import { parseRecord } from "./record.ts";

/** What version 0.1 wrote: leases in each of its states, a trial of knockctl guard, and one that was closed. */
const written = join(import.meta.dirname, "../../../test/fixtures/journal-0.1");
const start = { boot: "one", now: 0, wall: 1_700_000_000_000 };
const end = { ...start, now: 20_000, wall: start.wall + 20_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-version-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function open(path: string, here = start) {
  const log = new MemoryLog();
  const ledger = new Ledger();
  return {
    ledger,
    log,
    ...(await LeaseJournal.open(path, {
      ...{ ledger, log, here: clockReading(here), clock: new ManualClock() },
    })),
  };
}

test("a journal of version 0.1 is read whole", async () => {
  const path = join(folder, "journal");
  copyFileSync(written, path);
  const { recovered, journal, log } = await open(path, end);
  await journal.close();
  const door = (name: string, nth = 1) => ({ kind: "door", name, nth });
  expect(recovered.map(({ id, access, due, state }) => [id, access.owner, due, state])).toEqual([
    [1, door("ssh"), 31_000, { kind: "orphaned", wait: "waiting" }],
    [2, door("ssh", 2), 32_000, { kind: "open" }],
    [3, door("web"), 32_000, { kind: "closing" }],
    [4, door("vpn"), 60_000, { kind: "open" }],
    [5, { kind: "trial" }, 31_000, { kind: "open" }],
  ]);
  expect(log.texts).toEqual([]);
});

test("the same events are written as version 0.1 wrote them", async () => {
  const records = readJournal(readFileSync(written)).values.map(parseRecord);
  const events = records.filter((record) => record && !["start", "end"].includes(record.op));
  const path = join(folder, "journal");
  const { journal, ledger } = await open(path);
  journal.restart();
  for (const event of events as LeaseEvent[]) {
    ledger.apply(event);
    journal.write(event);
  }
  await journal.close(clockReading(end));
  const [ours] = readFileSync(path, "utf8").split("\0");
  expect(ours).toBe(readFileSync(written, "utf8"));
});
