import type { Stats } from "node:fs";
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { isErrno, KnockError, reason } from "../base/errors.ts";

/** Returns the bytes of a file, or `undefined` if it does not exist. Throws the system's error. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Gives a file this content in one step, or removes it if the content is `undefined`. A crash or a power
 * cut leaves the old file or the new one. The file keeps its owner and mode; a new file is readable by its
 * owner only. Throws SYSTEM.
 */
export function replaceFile(path: string, content: string | Uint8Array | undefined): void {
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    const before = readIfThere(path);
    if (bytes === undefined ? before === undefined : before?.equals(bytes)) return;
    if (bytes === undefined) rmSync(path, { force: true });
    else writeAtomically(path, bytes);
    syncDirectory(dirname(path));
  } catch (cause) {
    const what = content === undefined ? "remove" : "write";
    throw new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
  }
}

function writeAtomically(path: string, bytes: Uint8Array): void {
  const draft = `${path}.new`;
  const old = statSync(path, { throwIfNoEntry: false });
  // A draft left by a crash may have any owner and mode.
  rmSync(draft, { force: true });
  const fd = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(fd, bytes);
    if (old !== undefined) {
      if (!hasSameOwner(fstatSync(fd), old)) fchownSync(fd, old.uid, old.gid);
      fchmodSync(fd, old.mode & 0o777);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
}

/** Returns whether a file needs no chown(2), which a service without root may not call at all, to belong to another's owner. */
export function hasSameOwner(file: Stats, other: Stats): boolean {
  return file.uid === other.uid && file.gid === other.gid;
}

/** Copies a file to a name that must not exist yet. Throws SYSTEM. */
export function backUpFile(path: string, backup: string): void {
  try {
    copyFileSync(path, backup, constants.COPYFILE_EXCL);
  } catch (cause) {
    const hints = isErrno(cause, "EEXIST") ? [`${backup} must not be there yet`] : [];
    const message = `cannot keep ${path} as ${backup}: ${reason(cause)}`;
    throw new KnockError("SYSTEM", message, { cause, hints });
  }
}

/** Makes the renames and removals in a directory survive a power cut. Throws the system's error. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
