import { readFileSync, writeFileSync } from "node:fs";
import { isErrno, KnockError, reason } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";

/**
 * Writes a file that holds no secret, so that all users may read it. Without `force`, follows no link and
 * replaces no other content. Throws SYSTEM.
 */
export function writePublic(file: string, content: Uint8Array, force: boolean): void {
  try {
    writeFileSync(file, content, { mode: 0o644, flag: force ? "w" : "wx" });
  } catch (cause) {
    if (!isErrno(cause, "EEXIST")) {
      const message = `cannot write ${printable(file)}: ${reason(cause)}`;
      throw new KnockError("SYSTEM", message, { cause });
    }
    if (isSame(file, content)) return;
    const hints = ["--force writes the page over it, --output FILE elsewhere"];
    throw new KnockError("SYSTEM", `${printable(file)} exists, and is another file`, { hints });
  }
}

function isSame(file: string, content: Uint8Array): boolean {
  try {
    return readFileSync(file).equals(content);
  } catch {
    return false; // A folder, or a file that cannot be read.
  }
}
