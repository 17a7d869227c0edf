import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tries } from "../../../test/support/effort.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { PowerCutDisk } from "../../../test/support/power-cut-disk.ts";
import { lossLife } from "../../auth/authenticator.ts";
import { ReplayWindow } from "../../auth/window.ts";
import { reserved } from "../../grant/journal/journal.ts";
import { formatLine } from "../../grant/journal/journal-format.ts";
import type { KeyId } from "../../knock/keys.ts";
import { knockTime } from "../../knock/packet.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import type { RecoveredKnocks } from "./knock-journal.ts";
import { KnockJournal } from "./knock-journal.ts";
import type { KeyWindow } from "./knock-journal-lines.ts";

const alice = "0123456789abcdef" as KeyId;
const bob = "fedcba9876543210" as KeyId;

let folder: string;
let path: string;
let log: MemoryLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-knocks-"));
  path = join(folder, "state", "k.knocks");
  log = new MemoryLog();
});
// A journal that a test left open may still write.
const begun: KnockJournal[] = [];
afterEach(async () => {
  await Promise.allSettled(begun.splice(0).map((journal) => journal.close()));
  rmSync(folder, { recursive: true });
});

/** A file as daemons leave it, with room for more lines. */
function withReserve(text: string): Buffer {
  return Buffer.concat([Buffer.from(text)], reserved);
}

/** A daemon that keeps windows, and what it found. */
async function start(disk: Disk = systemDisk, file = path, clock = new ManualClock()) {
  const windows = new Map<KeyId, ReplayWindow>();
  const found: RecoveredKnocks[] = [];
  const windowOf = (key: KeyId) => {
    const window = windows.get(key) ?? new ReplayWindow();
    windows.set(key, window);
    return window;
  };
  const journal = new KnockJournal({
    ...{ path: file, disk, log, clock },
    windows: () => Array.from(windows, ([key, { state }]): KeyWindow => [key, state]),
    fwknopWindows: () => [],
  });
  begun.push(journal);
  await journal.open((recovered) => {
    found.push(recovered);
    for (const [key, { floor, times }] of recovered.windows) {
      for (const time of times) windowOf(key).record(time);
      windowOf(key).raiseFloor(floor);
    }
  });
  const accept = (key: KeyId, time: number) => {
    windowOf(key).record(knockTime(time));
    journal.record(key, knockTime(time));
    return journal.commit();
  };
  return { journal, accept, windowOf, lost: found[0]?.lost?.why.split(":")[0], found };
}

describe("a knock journal", () => {
  test("tells the next daemon all accepted times", async () => {
    const first = await start();
    expect(first.lost).toBe("is missing");
    expect(await first.accept(alice, 1000)).toBe(true);
    expect(await first.accept(bob, 1000)).toBe(true);
    expect(await first.accept(alice, 900)).toBe(true);
    // It is killed: nothing is closed.
    const second = await start();
    expect(second.lost).toBe("was lost before an earlier start");
    expect(second.windowOf(alice).state).toEqual({ floor: 0, times: [900, 1000] });
    expect(second.windowOf(bob).state).toEqual({ floor: 0, times: [1000] });
    await second.journal.close();
    expect((await start()).windowOf(alice).newest).toBe(1000);
    expect(log.texts).toEqual([]);
  });

  test("keeps floors when it is rewritten", async () => {
    const first = await start();
    await Promise.all(Array.from({ length: 70 }, (_, i) => first.accept(alice, i + 1)));
    await (await start()).journal.close();
    const third = await start();
    expect(third.windowOf(alice).state.floor).toBe(6);
    expect(third.windowOf(alice).isNew(knockTime(6))).toBe(false);
  });

  test("is sound though nothing was accepted, once a loss does not matter", async () => {
    const clock = new ManualClock();
    const losses: unknown[] = [];
    for (const passed of [0, lossLife - 1, 1, 0]) {
      clock.advance(passed);
      const { journal, found } = await start(systemDisk, path, clock);
      losses.push(found[0]?.lost?.start);
      await journal.close();
    }
    const first = Math.round((clock.wall() - lossLife) * 1000);
    expect(losses).toEqual([first, first, undefined, undefined]);
    // What a version without losses wrote.
    writeFileSync(path, withReserve(formatLine({ knocks: 1 })));
    expect((await start()).lost).toBeUndefined();
  });

  test("is sound though a full disk had no room for another file", async () => {
    const first = await start();
    await first.accept(alice, 1);
    await first.journal.close();
    const disk = {
      ...systemDisk,
      open: async (...words: Parameters<Disk["open"]>) => {
        const [file] = words;
        if (!file.endsWith(".new")) return await systemDisk.open(...words);
        throw Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" });
      },
    };
    const second = await start(disk);
    expect(await second.accept(alice, 2)).toBe(true);
    const third = await start();
    expect(third.lost).toBe("was lost before an earlier start");
    expect(third.windowOf(alice).state.times).toEqual([1, 2]);
    expect(log.texts).toEqual([]);
  });

  test("shares one sync among those who wait", async () => {
    let syncs = 0;
    const disk = {
      ...systemDisk,
      syncData: (fd: number) => {
        syncs++;
        return systemDisk.syncData(fd);
      },
    };
    const { accept } = await start(disk);
    await accept(alice, 1);
    const before = syncs;
    const all = Array.from({ length: 500 }, (_, i) => accept(alice, 10 + i));
    expect(new Set(await Promise.all(all))).toEqual(new Set([true]));
    expect(syncs - before).toBeLessThan(50);
  });

  test("says that a time is not on the disk, once, and catches up", async () => {
    let isFull = false;
    const disk = {
      ...systemDisk,
      write: async (...words: Parameters<Disk["write"]>) => {
        if (isFull) throw Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" });
        await systemDisk.write(...words);
      },
    };
    const { accept, journal } = await start(disk);
    expect(await accept(alice, 1)).toBe(true);
    isFull = true;
    expect(await accept(alice, 2)).toBe(false);
    expect(await accept(alice, 3)).toBe(false);
    expect(journal.trouble).toContain("cannot write to the journal");
    expect(log.texts).toHaveLength(1);
    expect(log.texts[0]).toContain("may open a door again after a restart");
    isFull = false;
    await journal.close();
    expect((await start()).windowOf(alice).state.times).toEqual([1, 2, 3]);
  });

  test.each([
    ["no journal at all", "something else"],
    ["a damaged line", `${formatLine({ knocks: 1 })}00000000 {"key":"${alice}","time":5}\n`],
    ["a line of a later version", formatLine({ knocks: 1 }) + formatLine({ key: 5 })],
    ["another first line", formatLine({ knocks: 2 })],
    ["a loss without a time", formatLine({ knocks: 1, lost: "now" })],
    ["a window without times", formatLine({ knocks: 1 }) + formatLine({ key: alice, floor: 4 })],
  ])("is lost if it holds %s", async (_, text) => {
    await (await start()).journal.close();
    writeFileSync(path, withReserve(text));
    expect((await start()).lost).toBe("is damaged");
  });

  test("is lost if it is cut off, also between two lines", async () => {
    const first = await start();
    await first.accept(alice, 1);
    await first.accept(alice, 2);
    await first.journal.close();
    const whole = readFileSync(path);
    for (const end of [100, whole.indexOf("\n") + 1, whole.lastIndexOf("\n") + 1]) {
      writeFileSync(path, whole.subarray(0, end));
      expect((await start()).lost).toBe("is cut off");
    }
    writeFileSync(path, "");
    expect((await start()).lost).toBe("is missing");
  });

  test("cut off at any byte has every time that was committed before", async () => {
    const first = await start();
    const sizes: number[] = [];
    const sizeNow = () => readFileSync(path).findLastIndex((byte) => byte !== 0) + 1;
    for (let time = 1; time <= 5; time++) {
      await first.accept(alice, time);
      sizes.push(sizeNow());
    }
    const whole = readFileSync(path);
    const [least = 0, most = 0] = [sizes[0], sizes.at(-1)];
    let copies = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: least, max: most }), async (end) => {
        const copy = join(folder, `copy ${copies++}`);
        writeFileSync(copy, whole.subarray(0, end));
        const { windowOf, journal } = await start(systemDisk, copy);
        await journal.close();
        const committed = sizes.filter((size) => size <= end).length;
        const { times } = windowOf(alice).state;
        expect(times).toEqual(Array.from({ length: times.length }, (_, i) => i + 1));
        expect(times.length).toBeGreaterThanOrEqual(committed);
      }),
      { numRuns: tries(60) },
    );
  });

  test("has every time that was committed before a power cut, or knows of a loss", async () => {
    const firstTime = 1e15;
    let sound = 0;
    let checked = 0;
    const groups = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 15 });
    const scenario = fc.record({
      /** Accepted one group after another by one daemon, then by the next: a group shares a commit. */
      daemons: fc.tuple(groups, groups),
      /** The operation of the disk before which the power fails. */
      operation: fc.noBias(fc.integer({ min: 1, max: 80 })),
      picks: fc.infiniteStream(fc.nat()),
    });
    interface PowerCut {
      readonly daemons: readonly (readonly number[])[];
      readonly operation: number;
      readonly picks: Iterator<number>;
    }
    const check = async ({ daemons, operation, picks }: PowerCut) => {
      // As an earlier daemon left it: nothing is unknown.
      const before = new PowerCutDisk(new Map([[path, withReserve(formatLine({ knocks: 1 }))]]));
      const acknowledged: number[] = [];
      let after: { disk: PowerCutDisk; times: readonly number[] } | undefined;
      // As long as real ones: a line is then longer than a sector.
      let time = firstTime;
      let count = 0;
      for (const sizes of daemons) {
        // The one before was killed.
        const { accept } = await start(before.disk);
        before.onOperation = () => {
          if (++count !== operation) return;
          const disk = before.cut((choices) => (picks.next().value ?? 0) % choices);
          after = { disk, times: [...acknowledged] };
        };
        for (const size of sizes) {
          const group = Array.from({ length: size }, async () => {
            const own = ++time;
            if (await accept(alice, own)) acknowledged.push(own);
          });
          await Promise.all(group);
        }
      }
      expect(acknowledged).toHaveLength(time - firstTime);
      if (after === undefined) return;

      const clock = new ManualClock();
      clock.advance(2 * (firstTime / 1000));
      const { found, windowOf } = await start(after.disk.disk, path, clock);
      const loss = found[0]?.lost?.start;
      if (loss === undefined) {
        const again = after.times.filter((one) => windowOf(alice).isNew(knockTime(one)));
        expect(again).toEqual([]);
        sound++;
      } else expect(loss).toBeGreaterThanOrEqual(time);
      checked += after.times.length;
    };
    await fc.assert(fc.asyncProperty(scenario, check), { numRuns: tries(100) });
    // Otherwise it would have shown nothing.
    expect(sound).toBeGreaterThan(10);
    expect(checked).toBeGreaterThan(100);
  });

  test("on a disk that hangs is unknown first, and read when that answers", async () => {
    let answer = () => {};
    const hanging = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await (await start()).accept(alice, 7);
    const disk = {
      ...systemDisk,
      readFile: async (file: string) => {
        await hanging;
        return await systemDisk.readFile(file);
      },
    };
    const clock = new ManualClock();
    const found: RecoveredKnocks[] = [];
    const journal = new KnockJournal({
      path,
      disk,
      log,
      clock,
      ...{ windows: () => [], fwknopWindows: () => [] },
    });
    const opened = journal.open((recovered) => found.push(recovered));
    await expect.poll(() => Number.isFinite(clock.nextDue)).toBe(true);
    clock.advance(2000);
    await opened;
    expect(found).toMatchObject([
      {
        windows: [],
        fwknopWindows: [],
        lost: { why: expect.stringMatching(/^is on a disk that does not answer:/) },
      },
    ]);
    expect(await journal.commit()).toBe(false);
    answer();
    await expect.poll(() => found[1]?.windows).toEqual([[alice, { floor: 0, times: [7] }]]);
  });
});
