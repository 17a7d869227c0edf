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
import type { Surroundings } from "./keywords.ts";
import type { KnockProfile } from "./profile.ts";
import { putProfile } from "./profile-edit.ts";
import { findService } from "./services.ts";

/** What a knock.conf says. */
export interface ProfileFile {
  readonly path: string;
  readonly blocks: readonly HostBlock[];
  /** What the owner should know about the file. */
  readonly warnings: readonly string[];
}

/** `~/.config/sesame/knock.conf`, under XDG_CONFIG_HOME if that is set; on Windows under `%APPDATA%`. */
export function usualPath(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform === "win32") {
    const roaming = env["APPDATA"] || join(homedir(), "AppData", "Roaming");
    return join(roaming, "sesame", "knock.conf");
  }
  // The XDG specification: a relative path there is to be ignored.
  const set = env["XDG_CONFIG_HOME"];
  const base = set?.startsWith("/") ? set : join(homedir(), ".config");
  return join(base, "sesame", "knock.conf");
}

/**
 * Reads a knock.conf; one that is not there is empty. Throws `CONFIG` if it has problems, or if others
 * could have written it, `SYSTEM` if it cannot be read.
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
  return { path, blocks: readHostBlocks(text, path, surroundings(path)), warnings };
}

/**
 * Writes a profile into the file, and the file and its folders if they are not there, for their owner
 * alone. See `putProfile`; throws `SYSTEM` too.
 */
export function saveProfile(path: string, profile: KnockProfile, force: boolean): void {
  try {
    const file = followLinks(resolve(path));
    if (existsSync(file)) checkMode(file, statSync(file));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, () => {
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      return putProfile({ file: path, text, around: surroundings(path) }, profile, force);
    });
  } catch (cause) {
    if (cause instanceof KnockError) throw cause;
    throw unusable("write", path, cause);
  }
}

/** Somebody who keeps the file elsewhere, and a link here, wants to keep the link, also before there is a file. */
function followLinks(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const link = lstatSync(path, { throwIfNoEntry: false });
  return link?.isSymbolicLink() ? resolve(dirname(path), readlinkSync(path)) : path;
}

/**
 * Whoever reads it sees the old text or the new one, whatever happens meanwhile. The draft keeps others from making
 * their own of the same old text: one of the two would be lost.
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
    throw new KnockError("SYSTEM", `${draft} is there: somebody else is saving`, {
      hints: ["if that was cut short, delete the file"],
    });
  }
}

/** The sequence is a secret, and `Then` is a program to run. Windows keeps others out of a profile's folder by itself. */
function checkMode(path: string, { uid, mode }: Stats): string[] {
  if (process.platform === "win32") return [];
  const hints = [`chmod 600 ${path}`];
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw new KnockError("CONFIG", `${path}: it belongs to somebody else`);
  }
  if ((mode & 0o022) !== 0)
    throw new KnockError("CONFIG", `${path}: others can write it`, { hints });
  return (mode & 0o044) === 0 ? [] : [`${path}: others can read it: chmod 600`];
}

function surroundings(path: string): Surroundings {
  return { folder: dirname(resolve(path)), findService };
}

function unusable(what: string, path: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot ${what} ${path}: ${reason(cause)}`, { cause });
}
