import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { removeKey } from "./enrolment.ts";
import { readLenient } from "./lenient-config.ts";
import type { SetupPaths } from "./paths.ts";
import { readBytes } from "./paths.ts";
import type { InitRecord, StartedBy } from "./record.ts";
import { readRecords, writeRecords } from "./record.ts";
import type { RestorePlan } from "./restore-config.ts";
import { restore } from "./restore-config.ts";
import { answers, ifRunning } from "./running-daemon.ts";
import { stop } from "./service-control.ts";
import { restoreRoot } from "./service-user.ts";
import { withdrawFromUfw } from "./ufw.ts";
import { protectAgain, unprotect } from "./unprotect.ts";

/** Milliseconds that a daemon may take to stop. */
const stopTimeout = 5_000;

/** What was rolled back. */
export interface RollbackResult {
  /** Services that all sources reach again. */
  readonly unprotected: readonly string[];
  /** Services that ufw blocks again. */
  readonly blocked: readonly string[];
  readonly restored: boolean;
  /** The device whose key was removed. */
  readonly removed?: string;
  /** The copy of a file that was changed after the init. */
  readonly kept?: string;
  readonly knockd: "stopped" | "reloaded" | "not running" | "as it was";
  /** The user of knockd.service, if it is again the one that it had before. */
  readonly serviceUser?: "root";
  /** What could not be restored: a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Rolls back the last `init`, the protection first: the administrator may be locked out. What ufw blocked before
 * was shut for all, so that it is blocked again even earlier. Each step can be repeated: if one fails, the record
 * stays for the next try. Throws SYSTEM, FIREWALL.
 */
export async function rollback(
  paths: SetupPaths,
  record: InitRecord,
  plan: RestorePlan,
): Promise<RollbackResult> {
  const ufw = record.ufw ?? [];
  const problem = await tryToWithdraw(ufw);
  const { services, others } = await unprotect(paths, record, readLenient(paths.config));
  const kept = plan.kind === "nothing" ? undefined : restore(paths, record, plan);
  const restored = plan.kind !== "nothing";
  const { enrolled } = record;
  const removed = enrolled && (await removeKey(enrolled)) ? enrolled.user : undefined;
  const isChanged = restored || removed !== undefined;
  const { knockd, problems } = await restoreDaemon(paths, record, isChanged);
  const { serviceUser } = record;
  const isRootAgain = serviceUser === "root" && (await restoreRoot());
  const refusal = "knockd does not accept the restored file, and keeps its configuration";
  const warnings = [
    ...(problem === undefined ? [] : [problem]),
    ...(problems === undefined ? [] : [`${refusal}: ${problems.join("; ")}`]),
    ...(await protectOthers(paths, others)),
  ];
  writeRecords(paths.state.init, readRecords(paths.state.init).slice(0, -1));
  const blocked = problem === undefined ? ufw : [];
  return {
    ...{ unprotected: services, blocked, restored, knockd, warnings },
    ...(kept && { kept }),
    ...(removed && { removed }),
    ...(isRootAgain && { serviceUser }),
  };
}

/** Returns why ufw does not block these services again, or `undefined` if it does. */
async function tryToWithdraw(services: readonly string[]): Promise<string | undefined> {
  try {
    await withdrawFromUfw(services);
    return undefined;
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return `ufw still lets ${services.join(", ")} pass: ${error.message}`;
  }
}

/** Stops the daemon if the init started it, else makes it reload changed files. Returns the problems of a refused reload. */
async function restoreDaemon(
  paths: SetupPaths,
  { started }: InitRecord,
  isChanged: boolean,
): Promise<{ readonly knockd: RollbackResult["knockd"]; readonly problems?: readonly string[] }> {
  if (started !== undefined) return { knockd: await stopDaemon(paths, started) };
  // There is no file to reload: knockd keeps the configuration that it has.
  if (!isChanged || readBytes(paths.realConfig) === undefined) return { knockd: "as it was" };
  const result = await ifRunning(paths, (daemon) => daemon.ask("reload", {}));
  if (result === undefined) return { knockd: "not running" };
  if (result.kind === "reloaded") return { knockd: "reloaded" };
  return { knockd: "as it was", problems: result.problems };
}

async function stopDaemon(
  paths: SetupPaths,
  started: StartedBy,
): Promise<RollbackResult["knockd"]> {
  const pid = await ifRunning(paths, async (daemon) => (await daemon.ask("status", {})).pid);
  // A script may fail if nothing runs; systemd must disable the unit in any case.
  if (pid !== undefined || started !== "script") await stop(started, pid);
  const until = systemClock.now() + stopTimeout;
  while (pid !== undefined && systemClock.now() < until && (await answers(paths.socket))) {
    await sleep(50);
  }
  return pid === undefined ? "not running" : "stopped";
}

async function protectOthers(
  paths: SetupPaths,
  others: readonly string[],
): Promise<readonly string[]> {
  if (others.length === 0) return [];
  const names = others.join(", ");
  try {
    const { doors } = readLenient(paths.config);
    const done = await ifRunning(paths, async (daemon) => {
      await protectAgain(daemon, others, doors);
      return true;
    });
    if (done === true) return [];
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return [`${names} was protected, too, and is no longer: ${error.message}`];
  }
  return [`${names} was protected, too, and is no longer: knockctl guard`];
}
