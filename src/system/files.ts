import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { KnockError, reason } from "../base/errors.ts";

/**
 * Makes a file hold this text, for its owner only; `undefined`: makes it go. A crash or a power cut
 * leaves the old file or the new one. Throws SYSTEM.
 */
export function replaceFile(path: string, text: string | undefined): void {
  const fresh = `${path}.new`;
  try {
    if (readIfThere(path) === text) return;
    if (text === undefined) rmSync(path, { force: true });
    else {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rmSync(fresh, { force: true });
      writeFileSync(fresh, text, { mode: 0o600, flush: true });
      renameSync(fresh, path);
    }
    syncDirectory(dirname(path));
  } catch (cause) {
    const what = text === undefined ? "remove" : "write";
    throw new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
  }
}

/** What a file holds; undefined if it is not there. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A change of names is only as durable as its directory. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
