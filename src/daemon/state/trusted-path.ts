import type { Stats } from "node:fs";
import { readFileSync } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { isErrno } from "../../base/errors.ts";

const stickyBit = 0o1000;
const writableByOthers = 0o022;
const writableByAll = 0o002;
/** As the kernel has it. */
const mostLinks = 40;

/**
 * Resolves to the first directory on the way to `path` in which another user may replace or make the next
 * part of it; `undefined` if there is none. Symbolic links are followed. The way ends where nothing
 * exists yet, or where nothing can be read.
 */
export async function findUntrusted(path: string): Promise<string | undefined> {
  let directory: string = sep;
  let links = 0;
  const parts = partsOf(resolve(path));
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === "..") {
      directory = dirname(directory);
      continue;
    }
    const entry = join(directory, part);
    const found = await statEntry(entry);
    if (found === "unreadable") return undefined;
    if (!keeps(await stat(directory), found)) return directory;
    if (found === undefined) return undefined;
    if (!found.isSymbolicLink()) {
      directory = entry;
      continue;
    }
    if (++links > mostLinks) return undefined;
    const target = await readlink(entry);
    if (target.startsWith(sep)) directory = sep;
    parts.unshift(...partsOf(target));
  }
  return undefined;
}

/** Returns whether a file belongs to root or to the user of this process, and no other user may write it. */
export function isPrivate({ uid, mode }: Stats): boolean {
  return isOurs(uid) && (mode & writableByOthers) === 0;
}

/**
 * Whether no other user can rename or remove this entry of the directory: inode(7) on the sticky bit.
 * One that is missing will be ours.
 */
function keeps(directory: Stats, entry: Stats | undefined): boolean {
  if (!isTrusted(directory.uid)) return false;
  if (!isWritableByOthers(directory)) return true;
  return (directory.mode & stickyBit) !== 0 && (entry === undefined || isTrusted(entry.uid));
}

/** A group of root's or of this process may write: it was given that on purpose, such as a container's volume. */
function isWritableByOthers({ mode, gid }: Stats): boolean {
  if ((mode & writableByAll) !== 0) return true;
  const isOurGroup = gid === 0 || (process.getgroups?.() ?? []).includes(gid);
  return (mode & writableByOthers) !== 0 && !isOurGroup;
}

function isTrusted(uid: number): boolean {
  return isOurs(uid) || uid === outsideUid();
}

function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** What stands for the users that a user namespace does not have, such as root of the host: user_namespaces(7). */
function outsideUid(): number | undefined {
  try {
    const all = /^\s*0\s+0\s+4294967295\s*$/;
    if (all.test(readFileSync("/proc/self/uid_map", "utf8"))) return undefined;
    return Number(readFileSync("/proc/sys/kernel/overflowuid", "utf8"));
  } catch {
    return undefined;
  }
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== "" && part !== ".");
}

/** `undefined` means that there is no such entry. */
async function statEntry(path: string): Promise<Stats | "unreadable" | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    return isErrno(error, "ENOENT") ? undefined : "unreadable";
  }
}
