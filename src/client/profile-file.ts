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
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { isErrno, KnockError, reason } from "../base/errors.ts";
import { formatLocalTime } from "../base/time.ts";
import type { HostBlock } from "./host-blocks.ts";
import { hasKey, readHostBlocks } from "./host-blocks.ts";
import type { ReadContext } from "./keywords.ts";
import type { KnockProfile } from "./profile.ts";
import type { EditedFile } from "./profile-edit.ts";
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
 * Reads a knock.conf; a missing file is empty. Throws `CONFIG` if it has problems, if other users can write it, or if
 * they can read it and it has a key; `SYSTEM` if it cannot be read.
 */
export function readProfiles(path: string): ProfileFile {
  let text = "";
  let stats: Stats | undefined;
  try {
    stats = statSync(path);
    checkMode(path, stats);
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof KnockError) throw cause;
    if (!isErrno(cause, "ENOENT")) throw unusable("read", path, cause);
  }
  const blocks = readHostBlocks(text, path, readContext(path));
  const warnings = stats === undefined ? [] : checkSecrets(path, stats, blocks);
  return { path, blocks, warnings };
}

/** Writes a profile into the file. See `putProfile` and `changeProfiles`. */
export function saveProfile(path: string, profile: KnockProfile, force: boolean): void {
  changeProfiles(path, (edited) => putProfile(edited, profile, force));
}

/**
 * Writes the text that `change` returns into the file. Creates the file and its folders if necessary, for their owner
 * only. Throws as `change` and `readProfiles` do, and `SYSTEM`.
 */
export function changeProfiles(path: string, change: (edited: EditedFile) => string): void {
  try {
    const file = followLinks(resolve(path));
    readProfiles(path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, () => {
      const text = existsSync(file) ? readWhole(file) : "";
      return change({ file: path, text, context: readContext(path) });
    });
  } catch (cause) {
    if (cause instanceof KnockError) throw cause;
    throw unusable("write", path, cause);
  }
}

/** Reads a text that can be written back byte for byte. */
function readWhole(file: string): string {
  const bytes = readFileSync(file);
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  throw new KnockError("CONFIG", `${file}: it is not UTF-8, and would not stay as it is`);
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
      writeFileSync(descriptor, change());
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

/** `Then` names a program. On Windows a mode tells nothing: nothing is checked. */
function checkMode(path: string, { uid, mode }: Stats): void {
  if (process.platform === "win32") return;
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw new KnockError("CONFIG", `${path}: it belongs to another user`);
  }
  if ((mode & 0o022) !== 0) {
    throw new KnockError("CONFIG", `${path}: others can write it`, chmodHint(path));
  }
}

/** How far the clocks of a file server and this machine may differ: milliseconds. */
const mostSkew = 120_000;

/** Keys and sequences are secrets. A key also needs a clock that is right. */
function checkSecrets(path: string, stats: Stats, blocks: readonly HostBlock[]): string[] {
  const isReadable = process.platform !== "win32" && (stats.mode & 0o044) !== 0;
  if (!hasKey(blocks)) return isReadable ? [`${path}: others can read it: chmod 600`] : [];
  if (isReadable) {
    throw new KnockError(
      "CONFIG",
      `${path}: others can read it, and it has a Key`,
      chmodHint(path),
    );
  }
  const wall = systemClock.wall();
  if (wall > stats.mtimeMs - mostSkew) return [];
  const [now, written] = [new Date(wall), stats.mtime].map((date) => formatLocalTime(date));
  return [`the clock looks wrong: it says ${now}, and ${path} was written at ${written}`];
}

function chmodHint(path: string): { readonly hints: readonly string[] } {
  return { hints: [`chmod 600 ${path}`] };
}

function readContext(path: string): ReadContext {
  return { folder: dirname(resolve(path)), findService };
}

function unusable(what: string, path: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
}
