import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { KnockError, reason } from "../../../base/errors.ts";
import { printable } from "../../../base/text.ts";
import type { Problem } from "../../../config/problem.ts";
import { formatWithHint } from "../../../config/problem.ts";
import type { Device } from "../../../config/users.ts";
import { parseUsers } from "../../../config/users.ts";
import type { Result } from "../../../control/methods.ts";
import { readUsersFile } from "../../../daemon/state/users-file.ts";
import { expectUnchanged } from "../../../setup/change-files.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { ifRunning } from "../../../setup/running-daemon.ts";
import { exclusively } from "../../../system/exclusive.ts";
import { replaceFile } from "../../../system/files.ts";
import { stateOwner } from "../../../system/state-files.ts";

/** A users file as it is. */
export interface UsersText {
  readonly file: string;
  /** `undefined` if there is no file. */
  readonly bytes: Buffer | undefined;
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
  const trusted = owner ?? stateOwner(dirname(paths.state.lock));
  const bytes = existsSync(file) ? Buffer.from(await readUsersFile(file, trusted)) : undefined;
  const text = bytes?.toString() ?? "";
  return { file, bytes, text, ...parseUsers(text), owner };
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

/** A users file with less than before. */
export interface UserRemoval {
  readonly paths: SetupPaths;
  readonly users: UsersText;
  readonly after: string;
}

/**
 * Writes a users file with less in it, and makes a running knockd reload it. Returns whether one runs. Throws
 * SYSTEM if knockd does not confirm it: the file is written all the same, since a removal must not be undone.
 */
export async function applyRemoval({ paths, users, after }: UserRemoval): Promise<boolean> {
  const { file, bytes } = users;
  return await exclusively(file, async () => {
    expectUnchanged(file, bytes, "run knockctl user again");
    replaceFile(file, after);
    let result: Result<"reload"> | undefined;
    try {
      result = await ifRunning(paths, (daemon) => daemon.ask("reload", { users: true }));
    } catch (cause) {
      const message = `knockd has not confirmed the removal: ${reason(cause)}`;
      const hints = [`${printable(file)} is changed`, "run knockctl reload"];
      throw new KnockError("SYSTEM", message, { cause, hints });
    }
    if (result === undefined) return false;
    expectSameFile(file, result.file);
    if (result.kind === "reloaded") return true;
    const message = `${printable(file)} is changed, but has other errors: ${listOf(result)}`;
    const hints = [
      "knockd takes out what the file no longer has, and leaves the rest as it was",
      "correct the file and run knockctl reload",
    ];
    throw new KnockError("SYSTEM", message, { hints });
  });
}

/** Throws SYSTEM if knockd reads the users from another file, as after a change of `Users` that it has not read. */
function expectSameFile(changed: string, read: string): void {
  if (realPathOf(changed) === realPathOf(read)) return;
  const message = `knockd reads its users from ${printable(read)}; only ${printable(changed)} is changed`;
  const hints = ["run knockctl reload, and check with knockctl leases"];
  throw new KnockError("SYSTEM", message, { hints });
}

function realPathOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function listOf({ problems }: Extract<Result<"reload">, { kind: "refused" }>): string {
  return problems.join("; ");
}
