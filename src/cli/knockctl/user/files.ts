import { chownSync, existsSync, statSync } from "node:fs";
import { KnockError } from "../../../base/errors.ts";
import { printable } from "../../../base/text.ts";
import type { Problem } from "../../../config/problem.ts";
import { formatWithHint } from "../../../config/problem.ts";
import type { Device } from "../../../config/users.ts";
import { parseUsers } from "../../../config/users.ts";
import type { Params } from "../../../control/methods.ts";
import { readUsersFile } from "../../../daemon/state/users-file.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { readBytes } from "../../../setup/paths.ts";
import { ifRunning } from "../../../setup/running-daemon.ts";
import { exclusively } from "../../../system/exclusive.ts";
import { replaceFile } from "../../../system/files.ts";

/** A users file as it is. */
export interface UsersText {
  readonly file: string;
  /** Empty if there is no file. */
  readonly text: string;
  readonly devices: readonly Device[];
  readonly problems: readonly Problem[];
  /** The user of the running daemon, if one runs. */
  readonly owner: number | undefined;
}

/** Reads a users file. Throws CONFIG if other users can read or change it. */
export async function readUsers(paths: SetupPaths, file: string): Promise<UsersText> {
  const owner = await ownerOfDaemon(paths);
  const bytes = existsSync(file) ? await readUsersFile(file, owner) : new Uint8Array();
  const text = Buffer.from(bytes).toString();
  return { file, text, ...parseUsers(text), owner };
}

/** Throws CONFIG with every problem of a users file. */
export function expectSound({ file, problems }: Pick<UsersText, "file" | "problems">): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => formatWithHint(file, problem));
  throw new KnockError("CONFIG", lines.join("\n"));
}

async function ownerOfDaemon(paths: SetupPaths): Promise<number | undefined> {
  const status = await ifRunning(paths, (daemon) => daemon.ask("status", {}));
  if (status === undefined) return undefined;
  return statSync(`/proc/${status.pid}`, { throwIfNoEntry: false })?.uid;
}

/** One file, before and after a change. */
interface ChangedFile {
  readonly path: string;
  /** `undefined`: there was none. */
  readonly before: Buffer | undefined;
  readonly after: Buffer;
}

export interface UserChange {
  readonly paths: SetupPaths;
  readonly files: readonly ChangedFile[];
  /** The owner of a users file that is new. */
  readonly owner: number | undefined;
  readonly reload: Params<"reload">;
}

/**
 * Writes files, and makes a running knockd reload them. Returns whether one runs. Restores them and throws
 * SYSTEM if it does not accept them.
 */
export async function applyChange(change: UserChange): Promise<boolean> {
  const { paths, files, owner, reload } = change;
  const [first] = files;
  if (first === undefined) return false;
  return await exclusively(first.path, async () => {
    for (const { path, before } of files) expectUnchanged(path, before);
    try {
      for (const { path, before, after } of files) {
        replaceFile(path, after);
        if (before === undefined && owner !== undefined) chownSync(path, owner, -1);
      }
      const result = await ifRunning(paths, (daemon) => daemon.ask("reload", reload));
      if (result?.kind !== "refused") return result !== undefined;
      const message = `knockd does not accept the change: ${result.problems.join("; ")}`;
      throw new KnockError("SYSTEM", message, { hints: ["all is as before"] });
    } catch (error) {
      for (const { path, before } of files) replaceFile(path, before);
      throw error;
    }
  });
}

function expectUnchanged(path: string, before: Buffer | undefined): void {
  const now = readBytes(path);
  if (before === undefined ? now === undefined : now?.equals(before)) return;
  const message = `${printable(path)} has been changed by another program meanwhile`;
  throw new KnockError("SYSTEM", message, { hints: ["run knockctl user again"] });
}
