import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { KnockError, reason } from "../base/errors.ts";

/**
 * Gives a file a new content in one step. It keeps its owner and mode; one that was not there is its
 * owner's alone. Throws SYSTEM.
 */
export function rewriteFile(file: string, content: string | Uint8Array): void {
  const draft = `${file}.new`;
  try {
    const old = statSync(file, { throwIfNoEntry: false });
    // What lies there may be anybody's to read.
    rmSync(draft, { force: true });
    writeFileSync(draft, content, { mode: 0o600, flush: true });
    if (old !== undefined) {
      chownSync(draft, old.uid, old.gid);
      chmodSync(draft, old.mode & 0o777);
    }
    renameSync(draft, file);
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot rewrite ${file}: ${reason(cause)}`, { cause });
  }
}

/** Keeps a file as it is now under a second name, which must be free. Throws SYSTEM. */
export function keepFile(file: string, backup: string): void {
  try {
    copyFileSync(file, backup, constants.COPYFILE_EXCL);
  } catch (cause) {
    const hints = [`${backup} must not be there yet`];
    throw new KnockError("SYSTEM", `cannot keep ${file} as ${backup}: ${reason(cause)}`, {
      cause,
      ...((cause as NodeJS.ErrnoException).code === "EEXIST" && { hints }),
    });
  }
}
