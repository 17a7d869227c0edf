import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { byCommands } from "../../../test/support/accesses.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { monotonic } from "../../base/time.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { FileReplacer } from "../../system/file-replacer.ts";
import { LogFile } from "../log/log-file.ts";
import { AccessHistory } from "./access-history.ts";
import type { State } from "./state.ts";
import { openState } from "./state.ts";

let folder: string;
let directory: string;
let log: MemoryLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-state-"));
  directory = join(folder, "state");
  log = new MemoryLog();
});
afterEach(() => rmSync(folder, { recursive: true }));

const clock = new ManualClock(1_700_000_000_000);

async function open(configFile: string, where = directory): Promise<State> {
  const state = await openState(where, configFile, clock, log);
  onTestFinished(() => state.close());
  return state;
}

/** Opens a door for ten seconds. */
function openDoor({ ledger, journal }: State): void {
  const event = {
    op: "open",
    id: 1,
    access: byCommands(),
    length: 10_000,
    since: monotonic(0),
  } as const;
  journal.restart();
  ledger.apply(event);
  journal.write(event);
}

test("a second daemon of one configuration is refused, until the first has ended", async () => {
  const first = await openState(directory, "/etc/knockd.conf", clock, log);
  const taken = expect.objectContaining({
    code: "SYSTEM",
    message: expect.stringMatching(
      /^another knockd runs with \/etc\/knockd\.conf: it holds .*\/knockd\.conf-[0-9a-f]{12}\.lock$/,
    ),
  });
  await expect(open("/etc/knockd.conf")).rejects.toThrow(taken);
  await expect(open("/etc/knockd.conf")).rejects.toThrow(taken);
  await first.close();
  await open("/etc/knockd.conf");
});

test("daemons of two configurations live side by side, each with its own leases", async () => {
  const names = ["/etc/knockd.conf", "/etc/inside.conf", "/srv/etc/knockd.conf"];
  const states = await Promise.all(names.map((name) => openState(directory, name, clock, log)));
  states.slice(0, 1).forEach(openDoor);
  for (const state of states) await state.close();
  const next = await Promise.all(names.map((name) => open(name)));
  expect(next.map(({ recovered }) => recovered.length)).toEqual([1, 0, 0]);
});

test("what is open is found by the next daemon of the same configuration", async () => {
  const first = await openState(directory, "/etc/knockd.conf", clock, log);
  openDoor(first);
  await first.close();
  expect((await open("/etc/knockd.conf")).recovered).toEqual([
    expect.objectContaining({
      ...{ id: 1, due: 10_000 },
      state: { kind: "orphaned", wait: "waiting" },
    }),
  ]);
});

test("only the owner can read any of it", async () => {
  const state = await open("/etc/knockd.conf");
  openDoor(state);
  (await state.locks.take(1))?.release();
  await state.journal.commit();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  const files = readdirSync(directory);
  expect(files.map((name) => name.replace(/^.*\.(conf-.{12})?/, "")).sort()).toEqual(
    ["journal", "lock", "start-1"].sort(),
  );
  for (const name of files) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
});

test("a directory that another user may write or replace is refused", async () => {
  await (await openState(directory, "/etc/knockd.conf", clock, log)).close();
  chmodSync(folder, 0o777);
  const code = "SYSTEM";
  const replaced = `the state directory ${directory} can be replaced by others: they may write to ${folder}`;
  await expect(open("/etc/knockd.conf")).rejects.toThrow(
    expect.objectContaining({ code, message: replaced }),
  );
  chmodSync(folder, 0o755);
  chmodSync(directory, 0o777);
  const written = `the state directory ${directory} can be written by others`;
  await expect(open("/etc/knockd.conf")).rejects.toThrow(
    expect.objectContaining({ code, message: written }),
  );
  chmodSync(directory, 0o700);
});

test("a journal that another user may write is refused: its commands are run", async () => {
  const { files, close } = await openState(directory, "/etc/knockd.conf", clock, log);
  await close();
  chmodSync(files.journal, 0o666);
  await expect(open("/etc/knockd.conf")).rejects.toMatchObject({
    code: "SYSTEM",
    message: `the journal ${files.journal} can be written by others`,
  });
});

test("without a place for it a daemon starts all the same, and tells of it", async () => {
  const state = await open("/etc/knockd.conf", "/dev/null/state");
  expect(state.recovered).toEqual([]);
  expect(state.journal.trouble).toMatch(/^cannot use the journal \/dev\/null\/state\//);
  expect(await state.locks.take(1)).toBeUndefined();
  state.locks.forgetAllBut(new Set());
  expect(log.entries).toMatchObject([{ level: "error", event: "journal-failed" }]);
});

test("a state directory and a log file that hang leave threads for other disks", async () => {
  const [pipe, logPipe] = [join(folder, "pipe"), join(folder, "k.log")];
  execFileSync("mkfifo", [pipe, logPipe]);
  let isHung = false;
  /** Opening a pipe takes a thread until another process opens it, too. */
  const hang = (name: keyof Disk) => {
    const operation = systemDisk[name] as (...args: never[]) => Promise<unknown>;
    return async (...args: never[]) => {
      if (isHung) await systemDisk.close(await systemDisk.open(pipe, "r"));
      return operation(...args);
    };
  };
  const names = Object.keys(systemDisk) as (keyof Disk)[];
  const disk = Object.fromEntries(names.map((name) => [name, hang(name)])) as unknown as Disk;
  const state = await openState(directory, "/etc/knockd.conf", clock, log, disk);
  openDoor(state);
  await state.journal.commit();
  isHung = true;
  const logFile = new LogFile(logPipe, { onFailure: () => {} });
  const all = [
    state.journal.commit(),
    state.locks.take(1),
    new FileReplacer(state.disk).replace(join(directory, "file"), "text"),
    new AccessHistory(state.files.history, clock, state.disk).read({ since: 0, most: 1 }),
  ];
  state.journal.write({ op: "close", id: 1 });
  const other = join(folder, "other");
  writeFileSync(other, "");
  const time = once(AbortSignal.timeout(1000), "abort").then(() => "no thread was left");
  expect(await Promise.race([systemDisk.readFile(other), time])).toEqual(Buffer.alloc(0));
  isHung = false;
  const ends = [pipe, logPipe].map((path) => openSync(path, "r+"));
  await Promise.allSettled(all);
  await logFile.close();
  await state.close();
  ends.forEach(closeSync);
});
