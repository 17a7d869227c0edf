import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { formatService } from "../base/service.ts";
import { backUpFile, replaceFile } from "../system/files.ts";
import { enrol, recordOf } from "./enrolment.ts";
import type { SetupPaths } from "./paths.ts";
import { freeBackup, readBytes } from "./paths.ts";
import type { SetupPlan } from "./plan.ts";
import type { InitRecord } from "./record.ts";
import { digest, readRecords, writeRecords } from "./record.ts";
import { planRestore } from "./restore-config.ts";
import { rollback } from "./rollback.ts";
import { findStatus, withDaemonAt } from "./running-daemon.ts";
import type { StartMethod } from "./service-control.ts";
import { findStartMethod, predictStart, start } from "./service-control.ts";
import { chooseServiceUser, runsAsRoot } from "./service-user.ts";

/** A step of `apply` that has been done. */
export type SetupEvent =
  | { readonly kind: "written"; readonly backup: string | undefined }
  | { readonly kind: "enrolled"; readonly user: string; readonly usersFile: string }
  | { readonly kind: "started"; readonly method: StartMethod }
  | { readonly kind: "reloaded" };

/** The changes that `apply` has made. */
export interface AppliedChanges {
  readonly record: InitRecord;
  /** Services that are not protected yet. */
  readonly unprotected: readonly string[];
}

/** Returns how knockd has to be started, or `undefined` if it runs. Throws SYSTEM if it has another configuration. */
export async function findMissingStart(paths: SetupPaths): Promise<StartMethod | undefined> {
  const status = await findStatus(paths);
  return status === undefined ? await findStartMethod(paths.config) : undefined;
}

/**
 * Writes the configuration and makes knockd read it. Protects nothing. If a step fails or `signal` is
 * aborted, all changes are rolled back and it throws SYSTEM or CONFIG.
 */
export async function apply(
  plan: SetupPlan,
  onEvent: (event: SetupEvent) => void,
  signal: AbortSignal,
): Promise<AppliedChanges> {
  const { paths } = plan;
  const before = await findStatus(paths);
  const method = before === undefined ? await findStartMethod(paths.config) : undefined;
  expectUnchanged(plan);
  const isChanged = plan.before === undefined || !plan.before.equals(plan.after);
  const isNew = plan.before === undefined;
  const enrolled = plan.device && recordOf(plan.device);
  const record: InitRecord = {
    at: new Date(systemClock.wall()).toISOString(),
    services: missing(plan, before?.firewall.protects ?? []),
    doors: plan.doors.flatMap(({ door, isNew }) => (isNew ? door.name : [])),
    ...(enrolled !== undefined && { enrolled }),
    ...(plan.ufw.length > 0 && { ufw: plan.ufw }),
    ...(method !== undefined && { started: await predictStart(method) }),
    ...(method === "systemd" && runsAsRoot() && { serviceUser: "root" }),
    ...(isChanged && { written: digest(plan.after) }),
    ...(isChanged && !isNew && { backup: freeBackup(paths.realConfig, "before-init") }),
  };
  const records = readRecords(paths.state.init);
  writeRecords(paths.state.init, [...records, record]);
  try {
    if (plan.device?.enrolment !== undefined) {
      const { name: user, enrolment } = plan.device;
      await enrol(enrolment);
      onEvent({ kind: "enrolled", user, usersFile: enrolment.usersFile });
    }
    if (record.backup !== undefined) backUpFile(paths.realConfig, record.backup);
    if (isChanged) {
      replaceFile(paths.realConfig, plan.after);
      onEvent({ kind: "written", backup: record.backup });
    }
    signal.throwIfAborted();
    if (method === undefined) {
      await reload(paths);
      onEvent({ kind: "reloaded" });
    } else {
      if (method === "systemd") await chooseServiceUser();
      await start(method, paths.config, paths.socket);
      onEvent({ kind: "started", method });
    }
    signal.throwIfAborted();
    const after = await findStatus(paths);
    const services = missing(plan, after?.firewall.protects ?? []);
    // A daemon that was started may have restored protection of its own.
    writeRecords(paths.state.init, [...records, { ...record, services }]);
    return { record, unprotected: services };
  } catch (error) {
    return await rollbackAfter(error, paths, record, signal);
  }
}

/** Throws SYSTEM if the file is no longer what the plan was made from. */
function expectUnchanged({ paths, before }: SetupPlan): void {
  const now = readBytes(paths.realConfig);
  if (now === undefined ? before === undefined : before !== undefined && now.equals(before)) return;
  const message = `${paths.config} has been changed by another program since the plan was made`;
  throw new KnockError("SYSTEM", message, { hints: ["run knockctl init again"] });
}

/** Rolls everything back because of `error`, and throws SYSTEM: with both errors if the rollback fails, too. */
export async function rollbackAfter(
  error: unknown,
  paths: SetupPaths,
  record: InitRecord,
  signal: AbortSignal,
): Promise<never> {
  const why = signal.aborted ? "interrupted" : describe(error);
  let warnings: readonly string[];
  try {
    ({ warnings } = await rollback(paths, record, await planRestore(paths, record)));
  } catch (second) {
    const hints = [...describeChanges(record), "knockctl undo rolls them back"];
    const message = `${why}; and the rollback failed: ${describe(second)}`;
    throw new KnockError("SYSTEM", message, { cause: error, hints });
  }
  const state = warnings.length === 0 ? ["all is as before"] : warnings;
  const hints = [...(error instanceof KnockError ? error.hints : []), ...state];
  throw new KnockError("SYSTEM", why, { cause: error, hints });
}

/** Returns the changes of an `init` that an administrator may find, a line each. */
export function describeChanges({ backup, written, started, enrolled }: InitRecord): string[] {
  const old = backup === undefined ? "it did not exist before" : `backup: ${backup}`;
  return [
    ...(written === undefined ? [] : [`the configuration was written (${old})`]),
    ...(enrolled === undefined ? [] : [`${enrolled.usersFile} has the key of ${enrolled.user}`]),
    ...(started === undefined ? [] : ["knockd was started"]),
  ];
}

function missing({ doors }: SetupPlan, protects: readonly string[]): string[] {
  const services = doors.map(({ service }) => formatService(service));
  return services.filter((service) => !protects.includes(service));
}

async function reload(paths: SetupPaths): Promise<void> {
  const result = await withDaemonAt(paths, (daemon) => daemon.ask("reload", {}));
  if (result.kind !== "refused") return;
  const message = `knockd does not accept the configuration: ${result.problems.join("; ")}`;
  throw new KnockError("SYSTEM", message);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
