import type { Stats } from "node:fs";
import { closeSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { KnockError, reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { tryLock } from "../../ffi/file-lock.ts";
import { CommandLocks } from "../../grant/journal/command-locks.ts";
import { LeaseJournal } from "../../grant/journal/lease-journal.ts";
import type { Lease } from "../../grant/lease.ts";
import { Ledger } from "../../grant/ledger.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { queuedDisk } from "../../system/disk-queue.ts";
import type { StateFiles } from "../../system/state-files.ts";
import { stateFiles } from "../../system/state-files.ts";
import { findUntrusted, isPrivate } from "./trusted-path.ts";

/** What a daemon keeps on the disk: its leases, and the lock that makes it the only one of its configuration. */
export interface State {
  readonly ledger: Ledger;
  readonly journal: LeaseJournal;
  readonly locks: CommandLocks;
  readonly files: StateFiles;
  /** For all files of the state directory. */
  readonly disk: Disk;
  /** What daemons before this one left to be done; nothing yet if the disk hangs. */
  readonly recovered: readonly Lease[];
  /** Hands over what daemons before this one left, once, and waits; not if the disk hangs: then when it answers. */
  readonly recover: (take: (leases: readonly Lease[]) => Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Opens the state of the daemon of one configuration file. Throws SYSTEM if another daemon has it; a
 * directory that cannot be used is told in the log, and leases are in memory only then. A disk that hangs
 * holds it up for 2 s.
 */
export async function openState(
  directory: string,
  configFile: string,
  clock: Clock,
  log: Log,
  ownDisk: Disk = systemDisk,
): Promise<State> {
  const disk = queuedDisk(ownDisk);
  const files = stateFiles(directory, configFile);
  const ledger = new Ledger();
  const boot = bootId();
  const offset = clockOffset();
  const moment = () => ({
    boot,
    now: clock.now(),
    wall: clock.wall(),
    ...(offset !== undefined && { offset }),
  });
  let lock: number | undefined;
  const prepare = async () => {
    await checkOwner(directory, files, disk);
    lock = await takeLock(files.lock, configFile, disk);
  };
  const parts = { ledger, here: moment(), log, clock, disk, prepare };
  const { journal, recovered, late } = await LeaseJournal.open(files.journal, parts);
  // Those of earlier daemons keep their numbers, which name the locks of their commands.
  if (late !== undefined) ledger.skipTo(clock.wall());
  const locks = new CommandLocks(files.starts, disk);
  const close = async () => {
    await journal.close(moment());
    // The end of the process unlocks it, if the disk does not answer before.
    if (lock !== undefined) closeSync(lock);
  };
  const recover: State["recover"] = async (take) => {
    if (late === undefined) await take(recovered);
    else void late.then(take);
  };
  return { ledger, journal, locks, files, disk, recovered, recover, close };
}

/** Resolves to the locked descriptor, or to undefined where no file can be made. Throws SYSTEM. */
async function takeLock(path: string, configFile: string, disk: Disk): Promise<number | undefined> {
  let fd: number;
  try {
    await disk.makeDirectory(dirname(path), 0o700);
    fd = await openLock(path, disk);
  } catch {
    // The journal meets the same trouble, and logs it.
    return undefined;
  }
  if (tryLock(fd) === "ours") return fd;
  await disk.close(fd);
  const hints = [
    "one daemon listens on several interfaces: Interface = eth0, eth1",
    "a second daemon needs a configuration file of its own",
  ];
  const message = `another knockd runs with ${configFile}: it holds ${path}`;
  throw new KnockError("SYSTEM", message, { hints });
}

async function openLock(path: string, disk: Disk): Promise<number> {
  try {
    return await disk.open(path, "a", 0o600);
  } catch {
    // A file that cannot be written can still be locked.
    return disk.open(path, "r");
  }
}

async function statIfThere(path: string, disk: Disk): Promise<Stats | undefined> {
  try {
    return await disk.stat(path);
  } catch {
    // What else is wrong with it the journal will tell.
    return undefined;
  }
}

/** knockd runs the commands in the journal: no other user may write or replace it. Throws SYSTEM. */
async function checkOwner(directory: string, { journal }: StateFiles, disk: Disk): Promise<void> {
  for (const path of [directory, journal]) {
    const stat = await statIfThere(path, disk);
    if (stat === undefined || isPrivate(stat)) continue;
    const what = path === directory ? "the state directory" : "the journal";
    const hints = [
      "its commands are run: give it to root, with mode 0700",
      "if knockd.service runs without root: systemctl start knockd",
    ];
    throw new KnockError("SYSTEM", `${what} ${path} can be written by others`, { hints });
  }
  const above = await findUntrusted(directory);
  if (above === undefined) return;
  const message = `the state directory ${directory} can be replaced by others: they may write to ${above}`;
  const hints = [`its commands are run: give ${above} to root, with mode 0755, or set StateDir`];
  throw new KnockError("SYSTEM", message, { hints });
}

function bootId(): string {
  const path = "/proc/sys/kernel/random/boot_id";
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new KnockError("SYSTEM", `cannot read ${path}: ${reason(error)}`, { cause: error });
  }
}

/** Returns the offset of the monotonic clock in this time namespace; undefined if there is none. */
function clockOffset(): string | undefined {
  const [, seconds = "0", nanoseconds = "0"] =
    readOffsets().match(/^monotonic\s+(-?\d+)\s+(\d+)$/m) ?? [];
  return seconds === "0" && nanoseconds === "0" ? undefined : `${seconds} ${nanoseconds}`;
}

function readOffsets(): string {
  try {
    return readFileSync("/proc/self/timens_offsets", "utf8");
  } catch {
    // The kernel has no time namespaces.
    return "";
  }
}
