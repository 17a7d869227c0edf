import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isErrno, KnockError, reason } from "../../base/errors.ts";
import { findUntrusted } from "./trusted-path.ts";

/** A kind of file that holds secrets. */
export interface SecretFileKind {
  /** As messages name it: `users file`. */
  readonly name: string;
  /** How to make one. */
  readonly hint: string;
  /** MiB. */
  readonly longest: number;
}

/**
 * Resolves to the bytes of a file of secrets: a regular file of root, of the user of this process or of
 * `owner`, which no other user can read or replace. Throws CONFIG.
 */
export async function readSecretFile(
  path: string,
  kind: SecretFileKind,
  owner?: number,
): Promise<Uint8Array> {
  try {
    const directory = await findUntrusted(path);
    if (directory !== undefined) {
      throw new Error(`other users can change the directory ${directory}`);
    }
    return await readPrivately(path, kind, owner);
  } catch (cause) {
    const why = isErrno(cause, "ELOOP") ? "is a symbolic link" : reason(cause);
    const hints = isErrno(cause, "ENOENT") ? [kind.hint] : [];
    throw new KnockError("CONFIG", `${kind.name} ${path}: ${why}`, { cause, hints });
  }
}

async function readPrivately(
  path: string,
  { longest }: SecretFileKind,
  owner: number | undefined,
): Promise<Uint8Array> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  // A named pipe must not hold this up.
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error("not a regular file");
    if (![0, process.getuid?.(), owner].includes(stats.uid)) {
      throw new Error("belongs to another user: chown root");
    }
    if ((stats.mode & 0o077) !== 0) throw new Error("other users can read it: chmod 600");
    if (stats.size > longest * 2 ** 20) throw new Error(`longer than ${longest} MiB`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
