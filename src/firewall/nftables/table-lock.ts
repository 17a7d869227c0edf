import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { KnockError } from "../../base/errors.ts";
import { tryLock } from "../../ffi/file-lock.ts";

/** The right to a table of nftables in this network namespace. */
export interface TableLock {
  /** May be called again. */
  readonly release: () => void;
}

/**
 * Takes the lock of a table: two daemons with one table would restore it against each other for ever. Throws
 * FIREWALL if another daemon has it. Where the file cannot be made there is no lock, and doors open all the same.
 */
export function takeTableLock(directory: string, table: string): TableLock {
  const lock = tryTableLock(directory, table);
  if (lock !== undefined) return lock;
  const hints = ["Table = another_name"];
  throw new KnockError("FIREWALL", `another daemon uses table inet ${table}`, { hints });
}

/** As `takeTableLock`, but returns `undefined` if another daemon has the lock. */
export function tryTableLock(directory: string, table: string): TableLock | undefined {
  const fd = openLock(directory, table);
  if (fd === undefined) return { release: () => {} };
  const holder = tryLock(fd);
  if (holder === "ours") {
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) closeSync(fd);
        isHeld = false;
      },
    };
  }
  closeSync(fd);
  return holder === "none" ? { release: () => {} } : undefined;
}

function openLock(directory: string, table: string): number | undefined {
  try {
    // Each network namespace has tables of its own.
    const { ino } = statSync("/proc/self/ns/net");
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    return openSync(join(directory, `table-${table}-${ino}.lock`), "a", 0o600);
  } catch {
    // A read-only or missing directory must not keep doors from opening.
    return undefined;
  }
}
