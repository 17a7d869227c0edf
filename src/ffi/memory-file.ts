// Files that no disk holds: memfd_create(2), to hand a text to a program that reads a path, or to take one.
import { closeSync, fstatSync, ftruncateSync, readSync, writeFileSync } from "node:fs";
import { errno, fcntl, memfdCreate, systemError } from "./libc.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Required where vm.memfd_noexec is 2; unknown to kernels before 6.3. */
const MFD_NOEXEC_SEAL = 8;
const EINVAL = 22;
const F_ADD_SEALS = 1033;
const F_SEAL_GROW = 4;

/**
 * Returns the descriptor of a new file in memory with this text. It is gone with its last descriptor.
 * Throws SYSTEM.
 */
export function openMemoryFile(name: string, text: string): number {
  let fd = memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno() === EINVAL) fd = memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw systemError("SYSTEM", "cannot make a file in memory");
  try {
    writeFileSync(fd, text);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Returns the text of a file in memory, wherever its descriptor stands. */
export function readMemoryFile(fd: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  return bytes.toString("utf8", 0, length);
}

/** Makes writes beyond `size` bytes fail with EPERM, in all processes. The file is that long afterwards. */
export function stopGrowth(fd: number, size: number): void {
  ftruncateSync(fd, size);
  fcntl(fd, F_ADD_SEALS, F_SEAL_GROW);
}
