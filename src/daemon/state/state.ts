import type { Stats } from "node:fs";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { KnockError, reason } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { tryLock } from "../../ffi/file-lock.ts";
import { CommandLocks } from "../../grant/journal/command-locks.ts";
import { LeaseJournal } from "../../grant/journal/lease-journal.ts";
import type { Lease } from "../../grant/lease.ts";
import { Ledger } from "../../grant/ledger.ts";
import type { StateFiles } from "../../system/state-files.ts";
import { stateFiles } from "../../system/state-files.ts";
import { findUntrusted, isPrivate } from "./trusted-path.ts";

/** What a daemon keeps on the disk: its leases, and the lock that makes it the only one of its configuration. */
export interface State {
  readonly ledger: Ledger;
  readonly journal: LeaseJournal;
  readonly locks: CommandLocks;
  readonly files: StateFiles;
  /** What daemons before this one left to be done. */
  readonly recovered: readonly Lease[];
  readonly close: () => void;
}

/**
 * Opens the state of the daemon of one configuration file. Throws SYSTEM if another daemon has it; a
 * directory that cannot be used is told in the log, and leases are in memory only then.
 */
export function openState(directory: string, configFile: string, clock: Clock, log: Log): State {
  const files = stateFiles(directory, configFile);
  checkOwner(directory);
  const lock = takeLock(files.lock, configFile);
  const ledger = new Ledger();
  const boot = bootId();
  const offset = clockOffset();
  const moment = () => ({
    boot,
    now: clock.now(),
    wall: clock.wall(),
    ...(offset !== undefined && { offset }),
  });
  const { journal, recovered } = LeaseJournal.open(files.journal, ledger, moment(), log, clock);
  const locks = new CommandLocks(files.starts);
  const close = () => {
    journal.close(moment());
    if (lock !== undefined) closeSync(lock);
  };
  return { ledger, journal, locks, files, recovered, close };
}

/** Returns the locked descriptor, or undefined where no file can be made. Throws SYSTEM. */
function takeLock(path: string, configFile: string): number | undefined {
  let fd: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    fd = openLock(path);
  } catch {
    // The journal meets the same trouble, and logs it.
    return undefined;
  }
  if (tryLock(fd) === "ours") return fd;
  closeSync(fd);
  const hints = [
    "one daemon listens on several interfaces: Interface = eth0, eth1",
    "a second daemon needs a configuration file of its own",
  ];
  const message = `another knockd runs with ${configFile}: it holds ${path}`;
  throw new KnockError("SYSTEM", message, { hints });
}

function openLock(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch {
    // A file that cannot be written can still be locked.
    return openSync(path, "r");
  }
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // What else is wrong with it the journal will tell.
    return undefined;
  }
}

/** knockd runs the commands in the journal: no other user may write or replace it. Throws SYSTEM. */
function checkOwner(directory: string): void {
  const stat = statIfThere(directory);
  if (stat !== undefined && !isPrivate(stat)) {
    const message = `the state directory ${directory} can be written by others`;
    const hints = ["its commands are run: give it to root, with mode 0700"];
    throw new KnockError("SYSTEM", message, { hints });
  }
  const above = findUntrusted(directory);
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
