import type { Stats } from "node:fs";
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isErrno, KnockError, reason } from "../base/errors.ts";
import type { HostBlock } from "./host-blocks.ts";
import { readHostBlocks } from "./host-blocks.ts";
import type { ReadContext } from "./keywords.ts";
import type { KnockProfile } from "./profile.ts";
import { putProfile } from "./profile-edit.ts";
import { findService } from "./services.ts";

/** A knock.conf that was read. */
export interface ProfileFile {
  readonly path: string;
  readonly blocks: readonly HostBlock[];
  /** Warnings about the file for its owner. */
  readonly warnings: readonly string[];
}

/** Returns `~/.config/sesame/knock.conf`, under XDG_CONFIG_HOME if that is set; on Windows under `%APPDATA%`. */
export function usualPath(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform === "win32") {
    const roaming = env["APPDATA"] || join(homedir(), "AppData", "Roaming");
    return join(roaming, "sesame", "knock.conf");
  }
  // The XDG specification: ignore a relative path.
  const set = env["XDG_CONFIG_HOME"];
  const base = set?.startsWith("/") ? set : join(homedir(), ".config");
  return join(base, "sesame", "knock.conf");
}

/**
 * Reads a knock.conf; a missing file is empty. Throws `CONFIG` if it has problems or other users can write it,
 * `SYSTEM` if it cannot be read.
 */
export function readProfiles(path: string): ProfileFile {
  let text = "";
  let warnings: readonly string[] = [];
  try {
    warnings = checkMode(path, statSync(path));
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof KnockError) throw cause;
    if (!isErrno(cause, "ENOENT")) throw unusable("read", path, cause);
  }
  return { path, blocks: readHostBlocks(text, path, readContext(path)), warnings };
}

/**
 * Writes a profile into the file. Creates the file and its folders if necessary, for their owner only. See
 * `putProfile`; throws `SYSTEM` too.
 */
export function saveProfile(path: string, profile: KnockProfile, force: boolean): void {
  try {
    const file = followLinks(resolve(path));
    if (existsSync(file)) checkMode(file, statSync(file));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, () => {
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      return putProfile({ file: path, text, context: readContext(path) }, profile, force);
    });
  } catch (cause) {
    if (cause instanceof KnockError) throw cause;
    throw unusable("write", path, cause);
  }
}

/** Returns the target of a link, so that the link stays, even if the target does not exist yet. */
function followLinks(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const link = lstatSync(path, { throwIfNoEntry: false });
  return link?.isSymbolicLink() ? resolve(dirname(path), readlinkSync(path)) : path;
}

/**
 * Replaces the file in one step: readers see the old text or the new one. The draft is a lock: of two programs
 * that change the same old text, one change would be lost.
 */
function replaceFile(file: string, change: () => string): void {
  const draft = `${file}.new`;
  const descriptor = openDraft(draft);
  try {
    try {
      writeSync(descriptor, change());
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, "wx", 0o600);
  } catch (cause) {
    if (!isErrno(cause, "EEXIST")) throw cause;
    throw new KnockError("SYSTEM", `${draft} exists: another program is saving`, {
      hints: ["if that program was interrupted, delete the file"],
    });
  }
}

/** The sequence is a secret, and `Then` names a program. On Windows only the user can reach the folder. */
function checkMode(path: string, { uid, mode }: Stats): string[] {
  if (process.platform === "win32") return [];
  const hints = [`chmod 600 ${path}`];
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw new KnockError("CONFIG", `${path}: it belongs to another user`);
  }
  if ((mode & 0o022) !== 0)
    throw new KnockError("CONFIG", `${path}: others can write it`, { hints });
  return (mode & 0o044) === 0 ? [] : [`${path}: others can read it: chmod 600`];
}

function readContext(path: string): ReadContext {
  return { folder: dirname(resolve(path)), findService };
}

function unusable(what: string, path: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
}
