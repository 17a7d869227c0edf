// Restores the configuration as it was before `knockctl init`.
import { rmSync } from "node:fs";
import { KnockError } from "../base/errors.ts";
import { backUpFile, replaceFile } from "../system/files.ts";
import { difference, readable } from "./difference.ts";
import type { SetupPaths } from "./paths.ts";
import { decode, freeBackup, readBytes } from "./paths.ts";
import type { InitRecord } from "./record.ts";
import { digest } from "./record.ts";

/** How to restore the file. */
export type RestorePlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "restore"; readonly before: Buffer | undefined }
  /** The file has changed since `init`; `diff`: the changes that restoring it would make. */
  | { readonly kind: "changed"; readonly before: Buffer | undefined; readonly diff: string };

/** Compares the file with the record. Throws SYSTEM if the backup is lost. */
export async function planRestore(
  { config, realConfig }: SetupPaths,
  { backup, written }: InitRecord,
): Promise<RestorePlan> {
  if (written === undefined) return { kind: "nothing" };
  const now = readBytes(realConfig);
  const before = backup === undefined ? undefined : readBytes(backup);
  const isOurs = now !== undefined && digest(now) === written;
  if (backup !== undefined && before === undefined) {
    // An undo, or an init, was interrupted right here.
    if (!isOurs) return { kind: "nothing" };
    throw new KnockError("SYSTEM", `${backup} is gone: the old content of ${config} is lost`);
  }
  const isAsBefore = before === undefined ? now === undefined : now?.equals(before);
  if (isAsBefore || isOurs) return { kind: "restore", before };
  const texts = [now, before].map((bytes) => (bytes === undefined ? "" : decode(bytes)));
  const diff = await difference(config, texts[0] ?? "", texts[1] ?? "");
  return { kind: "changed", before, diff: readable(diff) };
}

/** Restores the file. If it was changed since, keeps a copy and returns its name. Throws SYSTEM. */
export function restore(
  { realConfig }: SetupPaths,
  { backup }: InitRecord,
  { kind, before }: Exclude<RestorePlan, { kind: "nothing" }>,
): string | undefined {
  const isThere = readBytes(realConfig) !== undefined;
  const kept = kind === "changed" && isThere ? freeBackup(realConfig, "before-undo") : undefined;
  if (kept !== undefined) backUpFile(realConfig, kept);
  replaceFile(realConfig, before);
  if (backup !== undefined) rmSync(backup, { force: true });
  return kept;
}
