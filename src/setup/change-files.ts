// Changes of configuration and users files by knockctl, one at a time.
import { chownSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { exclusively } from "../system/exclusive.ts";
import { replaceFile } from "../system/files.ts";
import type { SetupPaths } from "./paths.ts";
import { readBytes } from "./paths.ts";
import { ifRunning } from "./running-daemon.ts";

/** One file, before and after a change. */
interface ChangedFile {
  readonly path: string;
  /** What the change was made from. `undefined`: there was none. */
  readonly before: Buffer | undefined;
  readonly after: Buffer;
}

/** Files that knockd reads together. */
interface FileChange {
  readonly paths: SetupPaths;
  readonly files: readonly ChangedFile[];
  /** The owner of a file that is new. */
  readonly owner?: number | undefined;
  /** The hint if a file has changed since the change was planned, such as `run knockctl rotate again`. */
  readonly again: string;
}

/**
 * Writes files, and makes a running knockd reload them. Returns whether one runs. Restores them, also in knockd,
 * and throws SYSTEM if it does not accept them. Other changes of these files wait until then.
 */
export async function changeFiles(change: FileChange): Promise<boolean> {
  const { paths, files, owner, again } = change;
  return await exclusively(
    files.map(({ path }) => path),
    async () => {
      for (const { path, before } of files) expectUnchanged(path, before, again);
      try {
        for (const { path, before, after } of files) {
          replaceFile(path, after);
          if (before === undefined && owner !== undefined) chownSync(path, owner, -1);
        }
        const result = await ifRunning(paths, (daemon) => daemon.ask("reload", {}));
        if (result?.kind !== "refused") return result !== undefined;
        const problems = result.problems.join("; ");
        throw new KnockError("SYSTEM", `knockd does not accept the change: ${problems}`);
      } catch (error) {
        for (const { path, before } of files) replaceFile(path, before);
        throw await afterRestoring(paths, error);
      }
    },
  );
}

/**
 * Makes knockd read restored files, since it may have taken the users file of a configuration that it refused, or
 * the connection may have ended after it took all. Returns the error with what is in force.
 */
async function afterRestoring(paths: SetupPaths, error: unknown): Promise<KnockError> {
  const isRestored = await ifRunning(paths, (daemon) => daemon.ask("reload", {})).then(
    (result) => result?.kind !== "refused",
    () => false,
  );
  const hints = isRestored
    ? ["all is as before"]
    : ["the files are as before", "knockd may have the change: run knockctl reload"];
  return new KnockError("SYSTEM", reason(error), { cause: error, hints });
}

/** Throws SYSTEM if a file is no longer what a change was made from. */
export function expectUnchanged(path: string, before: Buffer | undefined, again: string): void {
  const now = readBytes(path);
  if (before === undefined ? now === undefined : now?.equals(before)) return;
  const message = `${printable(path)} has been changed by another program meanwhile`;
  throw new KnockError("SYSTEM", message, { hints: [again] });
}
