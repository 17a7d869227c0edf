import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import { formatService } from "../base/service.ts";
import { fixedSteps } from "../config/config.ts";
import type { ControlClient } from "../control/client.ts";
import { openClient } from "../control/client.ts";
import type { Result } from "../control/methods.ts";
import { backUpFile, replaceFile } from "../system/files.ts";
import type { SetupPaths } from "./paths.ts";
import { freeBackup, readBytes } from "./paths.ts";
import type { PlannedDoor, SetupPlan } from "./plan.ts";
import type { ProbeTarget, Proof } from "./probe.ts";
import { doubt, prove } from "./probe.ts";
import type { Visitor } from "./probe-host.ts";
import type { InitRecord } from "./record.ts";
import { digest, readRecords, writeRecords } from "./record.ts";
import { planRestoring } from "./restore-config.ts";
import { takeBack } from "./rollback.ts";
import type { StartMethod } from "./service-control.ts";
import { answers, describeStart, findStartMethod, predictStart, start } from "./service-control.ts";

/** Says what has been done, a line each. */
export type Say = (text: string) => void;

/** What was changed so far. */
export interface Changes {
  readonly record: InitRecord;
  /** Services that are not protected yet. */
  readonly unprotected: readonly string[];
}

/**
 * The configuration is written and knockd has taken it, or all is as before and it throws: SYSTEM,
 * CONFIG. Nothing is protected yet.
 */
export async function prepare(plan: SetupPlan, say: Say, signal: AbortSignal): Promise<Changes> {
  const { place } = plan;
  const { status: before, way } = await findDaemon(place);
  expectUnchanged(plan);
  const isChanged = plan.before === undefined || !plan.before.equals(plan.after);
  const isNew = plan.before === undefined;
  const record: InitRecord = {
    at: new Date(systemClock.wall()).toISOString(),
    services: missing(plan, before?.firewall.protects ?? []),
    doors: plan.doors.flatMap(({ door, strength }) => (strength === undefined ? [] : door.name)),
    ...(way !== undefined && { started: await predictStart(way) }),
    ...(isChanged && { written: digest(plan.after) }),
    ...(isChanged && !isNew && { backup: freeBackup(place.realConfig, "before-init") }),
  };
  const records = readRecords(place.state.init);
  writeRecords(place.state.init, [...records, record]);
  try {
    if (record.backup !== undefined) backUpFile(place.realConfig, record.backup);
    if (isChanged) replaceFile(place.realConfig, plan.after);
    if (isChanged) say(describeFile(place, record));
    signal.throwIfAborted();
    if (way === undefined) await reload(place, say);
    else {
      await start(way, place.config, place.socket);
      say(`knockd runs (${describeStart(way, place.config)})`);
      if (way === "command") say("nothing starts it at the next boot: that is left to you");
    }
    signal.throwIfAborted();
    const after = await findDaemon(place);
    const services = missing(plan, after.status?.firewall.protects ?? []);
    // A daemon that was started may have remembered what it is to protect.
    writeRecords(place.state.init, [...records, { ...record, services }]);
    return { record, unprotected: services };
  } catch (error) {
    return await putBack(place, record, error, signal);
  }
}

/** Somebody may have taken his time to say yes. Throws SYSTEM. */
function expectUnchanged({ place, before }: SetupPlan): void {
  const now = readBytes(place.realConfig);
  if (now === undefined ? before === undefined : before !== undefined && now.equals(before)) return;
  const hints = ["begin anew: knockctl init"];
  throw new KnockError("SYSTEM", `${place.config} was changed meanwhile by somebody else`, {
    hints,
  });
}

/** Takes everything back after `error`. Throws SYSTEM that says both if that fails, too. */
export async function putBack(
  place: SetupPaths,
  record: InitRecord,
  error: unknown,
  signal: AbortSignal,
): Promise<never> {
  const why = signal.aborted ? "interrupted" : describe(error);
  let warnings: readonly string[];
  try {
    ({ warnings } = await takeBack(place, record, await planRestoring(place, record)));
  } catch (second) {
    const hints = [...tellChanges(record), "knockctl undo takes it back"];
    const message = `${why}; and it could not be taken back: ${describe(second)}`;
    throw new KnockError("SYSTEM", message, { cause: error, hints });
  }
  const state = warnings.length === 0 ? ["all is as before"] : warnings;
  const hints = [...(error instanceof KnockError ? error.hints : []), ...state];
  throw new KnockError("SYSTEM", why, { cause: error, hints });
}

/** What an administrator finds changed, a line each. */
export function tellChanges({ backup, written, started }: InitRecord): string[] {
  const old = backup === undefined ? "it was not there before" : `as it was: ${backup}`;
  return [
    ...(written === undefined ? [] : [`the configuration was written (${old})`]),
    ...(started === undefined ? [] : ["knockd was started"]),
  ];
}

/** Knocks at each door as a stranger; `shut`: the services are protected. Throws SYSTEM. */
export async function proveAll(
  { place, doors }: SetupPlan,
  visitor: Visitor,
  shut: boolean,
  signal: AbortSignal,
): Promise<readonly (readonly [ProbeTarget, Proof])[]> {
  return await withDaemonOf(place, async (daemon) => {
    const proofs: (readonly [ProbeTarget, Proof])[] = [];
    for (const one of doors) {
      const trial = trialOf(one, place);
      const proof = await prove(daemon, visitor, trial, signal);
      const why = doubt(proof, shut);
      if (why !== undefined) throw unproven(trial, why);
      proofs.push([trial, proof]);
    }
    return proofs;
  });
}

function unproven({ door, service }: ProbeTarget, why: string): KnockError {
  const message = `this machine knocked at [${door}] from a network namespace: ${why}`;
  const hints = [
    "knockctl watch shows what knockd makes of a knock",
    `is there another firewall that drops ${formatService(service)}? nft list ruleset shows all`,
    "--no-proof does without it",
  ];
  return new KnockError("SYSTEM", message, { hints });
}

function trialOf({ service, door }: PlannedDoor, { table }: SetupPaths): ProbeTarget {
  return { door: door.name, sequence: fixedSteps(door), service, table };
}

export async function withDaemonOf<T>(
  { socket }: SetupPaths,
  task: (daemon: ControlClient) => Promise<T>,
): Promise<T> {
  const daemon = await openClient(socket, systemClock);
  try {
    return await task(daemon);
  } finally {
    daemon.close();
  }
}

/** The daemon that runs, or how one is started. */
interface FoundDaemon {
  readonly status?: Result<"status">;
  readonly way?: StartMethod;
}

/** Throws SYSTEM if a daemon answers that would not read what we write: it has another configuration. */
export async function findDaemon(place: SetupPaths): Promise<FoundDaemon> {
  const { config, socket } = place;
  if (!(await answers(socket))) return { way: await findStartMethod(config) };
  const status = await withDaemonOf(place, (daemon) => daemon.ask("status", {}));
  const { configFile } = status;
  if (configFile === config) return { status };
  const hints = [`--config ${configFile} is for that one`, "--socket PATH asks another"];
  const message = `the knockd at ${socket} has another configuration: ${configFile}`;
  throw new KnockError("SYSTEM", message, { hints });
}

function missing({ doors }: SetupPlan, protects: readonly string[]): string[] {
  const services = doors.map(({ service }) => formatService(service));
  return services.filter((service) => !protects.includes(service));
}

async function reload(place: SetupPaths, say: Say): Promise<void> {
  const result = await withDaemonOf(place, (daemon) => daemon.ask("reload", {}));
  if (result.kind === "refused") {
    const message = `knockd does not take the configuration: ${result.problems.join("; ")}`;
    throw new KnockError("SYSTEM", message);
  }
  say("knockd has read it");
}

function describeFile({ config }: SetupPaths, { backup }: InitRecord): string {
  return backup === undefined
    ? `${config} is written`
    : `${config} is written; as it was: ${backup}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
