// What `knockctl init` did, written down before it does it, so that `knockctl undo` can take it back
// from wherever it got to. The last one is taken back first.
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { KnockError, reason } from "../base/errors.ts";
import { readIfThere, replaceFile } from "../system/files.ts";

/** One `knockctl init`. */
export interface InitRecord {
  /** When, as `2026-11-22T13:26:05.000Z`. */
  readonly at: string;
  /** The file as it was; undefined: there was none, or it was not changed. */
  readonly backup?: string;
  /** The digest of what was written; undefined: nothing was. */
  readonly written?: string;
  /** How knockd was started; undefined: it ran already. */
  readonly started?: StartedBy;
  /** What was to be protected, and was not before. */
  readonly services: readonly string[];
  /** The names of the doors that are new. */
  readonly doors: readonly string[];
}

/** How a knockd was started, and so how it is stopped. */
export type StartedBy = "systemd" | "systemd-enabled" | "script" | "command";

const ways: readonly unknown[] = ["systemd", "systemd-enabled", "script", "command"];

/** The records of one configuration, the oldest first. Throws SYSTEM if they cannot be read. */
export function readRecords(file: string): readonly InitRecord[] {
  try {
    const text = readIfThere(file)?.toString();
    const records: unknown = text === undefined ? [] : JSON.parse(text);
    if (Array.isArray(records) && records.every(isRecord)) return records;
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot read ${file}: ${reason(cause)}`, { cause });
  }
  throw new KnockError("SYSTEM", `${file} is damaged: it does not say what knockctl init did`);
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

/** By which a file is known again. */
export function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function isRecord(value: unknown): value is InitRecord {
  if (typeof value !== "object" || value === null) return false;
  const { at, backup, written, started, services, doors } = value as Record<string, unknown>;
  const isText = (one: unknown) => typeof one === "string";
  const areTexts = (some: unknown) => Array.isArray(some) && some.every(isText);
  const isTextOrAbsent = (one: unknown) => one === undefined || isText(one);
  return (
    isText(at) &&
    isTextOrAbsent(backup) &&
    isTextOrAbsent(written) &&
    (started === undefined || ways.includes(started)) &&
    areTexts(services) &&
    areTexts(doors)
  );
}
