// flock(2), which Node cannot call: locks that end with the process, however it ends.
import { closeSync, openSync } from "node:fs";
import { errno, flock } from "./libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/** The holder of a lock: this process, another one, or `none` if the file system does not support locks. */
type Holder = "ours" | "other" | "none";

/** Locks an open file for this process and those that inherit the descriptor, if it is free. Never waits. */
export function tryLock(fd: number): Holder {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return "ours";
  return errno() === EWOULDBLOCK ? "other" : "none";
}

/** Returns whether a process holds the lock of this file. */
export function isLocked(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    // A file that is not there, or may not be read, has no lock that this process could find.
    return false;
  }
  const isHeld = tryLock(fd) !== "ours";
  closeSync(fd);
  return isHeld;
}
