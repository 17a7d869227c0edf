// The changes of `knockctl init`, recorded before they are made, so that `knockctl undo` can roll back an
// interrupted init, too. The last one is rolled back first.
import { createHash } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { KnockError, reason } from "../base/errors.ts";
import { readIfThere, replaceFile } from "../system/files.ts";

/** One `knockctl init`. */
export interface InitRecord {
  /** Its time, such as `2026-11-22T13:26:05.000Z`. */
  readonly at: string;
  /** A copy of the old file; `undefined` if there was none, or it was not changed. */
  readonly backup?: string;
  /** The digest of the new file; `undefined` if it was not changed. */
  readonly written?: string;
  /** How knockd was started; `undefined` if it ran already. */
  readonly started?: StartedBy;
  /** The user of knockd.service before `init` made it run without root; `undefined`: it was not changed. */
  readonly serviceUser?: "root";
  /** The services that it was to protect, and that were not protected before. */
  readonly services: readonly string[];
  /** The names of its new doors. */
  readonly doors: readonly string[];
  /** The services that ufw was told to let pass; `undefined`: none. */
  readonly ufw?: readonly string[];
  /** The key that was put into the users file; `undefined`: none. */
  readonly enrolled?: EnrolledKey;
}

/** A key that was put into a users file. */
export interface EnrolledKey {
  /** `alice/laptop` */
  readonly user: string;
  /** Its ID. */
  readonly key: string;
  readonly usersFile: string;
  /** Whether there was no such file before. */
  readonly isNew: boolean;
}

/** How a knockd was started, which says how to stop it. */
export type StartedBy = "systemd" | "systemd-enabled" | "script" | "command";

const startedBy: readonly unknown[] = ["systemd", "systemd-enabled", "script", "command"];

/** Returns the records of one configuration, the oldest first. Throws SYSTEM if they cannot be read. */
export function readRecords(file: string): readonly InitRecord[] {
  try {
    expectOwn(file);
    const text = readIfThere(file)?.toString();
    const records: unknown = text === undefined ? [] : JSON.parse(text);
    if (Array.isArray(records) && records.every(isRecord)) return records;
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot read ${file}: ${reason(cause)}`, { cause });
  }
  throw new KnockError("SYSTEM", `${file} is damaged: it does not say what knockctl init did`);
}

/** The directory may be that of a user who runs knockd: what root undoes, root has written. */
function expectOwn(file: string): void {
  const uid = statSync(file, { throwIfNoEntry: false })?.uid ?? 0;
  if (uid !== 0 && uid !== process.geteuid?.()) throw new Error("it belongs to another user");
}

/** Throws SYSTEM. */
export function writeRecords(file: string, records: readonly InitRecord[]): void {
  const text = records.length === 0 ? undefined : `${JSON.stringify(records, undefined, 2)}\n`;
  if (text !== undefined) makeFolder(dirname(file));
  replaceFile(file, text);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot make ${path}: ${reason(cause)}`, { cause });
  }
}

/** Returns the digest by which a file is recognized. */
export function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function isRecord(value: unknown): value is InitRecord {
  if (typeof value !== "object" || value === null) return false;
  const { at, backup, written, started, serviceUser, services, doors, ufw, enrolled } =
    value as Record<string, unknown>;
  const isText = (one: unknown) => typeof one === "string";
  const areTexts = (some: unknown) => Array.isArray(some) && some.every(isText);
  const isTextOrAbsent = (one: unknown) => one === undefined || isText(one);
  return (
    isText(at) &&
    isTextOrAbsent(backup) &&
    isTextOrAbsent(written) &&
    (started === undefined || startedBy.includes(started)) &&
    (serviceUser === undefined || serviceUser === "root") &&
    areTexts(services) &&
    areTexts(doors) &&
    (ufw === undefined || areTexts(ufw)) &&
    (enrolled === undefined || isEnrolledKey(enrolled))
  );
}

function isEnrolledKey(value: unknown): value is EnrolledKey {
  if (typeof value !== "object" || value === null) return false;
  const { user, key, usersFile, isNew } = value as Record<string, unknown>;
  return (
    [user, key, usersFile].every((one) => typeof one === "string") && typeof isNew === "boolean"
  );
}
