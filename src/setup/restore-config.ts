// The configuration, back to what it was before `knockctl init`.
import { rmSync } from "node:fs";
import { KnockError } from "../base/errors.ts";
import { backUpFile, replaceFile } from "../system/files.ts";
import { difference, readable } from "./difference.ts";
import type { SetupPaths } from "./paths.ts";
import { decode, freeBackup, readBytes } from "./paths.ts";
import type { InitRecord } from "./record.ts";
import { digest } from "./record.ts";

/** What has to be done with the file. */
export type Restoring =
  | { readonly kind: "nothing" }
  | { readonly kind: "restore"; readonly before: Buffer | undefined }
  /** It is no longer what `init` wrote; `diff`: what restoring it would do. */
  | { readonly kind: "changed"; readonly before: Buffer | undefined; readonly diff: string };

/** Compares the file with what was written. Throws SYSTEM if what it was before is lost. */
export async function planRestoring(
  { config, realConfig }: SetupPaths,
  { backup, written }: InitRecord,
): Promise<Restoring> {
  if (written === undefined) return { kind: "nothing" };
  const now = readBytes(realConfig);
  const before = backup === undefined ? undefined : readBytes(backup);
  const isOurs = now !== undefined && digest(now) === written;
  if (backup !== undefined && before === undefined) {
    // An undo, or an init, that was interrupted right here.
    if (!isOurs) return { kind: "nothing" };
    throw new KnockError("SYSTEM", `${backup} is gone: nobody knows what ${config} was before`);
  }
  const isAsBefore = before === undefined ? now === undefined : now?.equals(before);
  if (isAsBefore || isOurs) return { kind: "restore", before };
  const texts = [now, before].map((bytes) => (bytes === undefined ? "" : decode(bytes)));
  const diff = await difference(config, texts[0] ?? "", texts[1] ?? "");
  return { kind: "changed", before, diff: readable(diff) };
}

/** Throws SYSTEM. What somebody changed since is kept; returns under which name. */
export function restore(
  { realConfig }: SetupPaths,
  { backup }: InitRecord,
  { kind, before }: Exclude<Restoring, { kind: "nothing" }>,
): string | undefined {
  const isThere = readBytes(realConfig) !== undefined;
  const kept = kind === "changed" && isThere ? freeBackup(realConfig, "before-undo") : undefined;
  if (kept !== undefined) backUpFile(realConfig, kept);
  replaceFile(realConfig, before);
  if (backup !== undefined) rmSync(backup, { force: true });
  return kept;
}
