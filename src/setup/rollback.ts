import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { SetupPaths } from "./paths.ts";
import { readBytes, readLenient } from "./paths.ts";
import type { InitRecord, StartedBy } from "./record.ts";
import { readRecords, writeRecords } from "./record.ts";
import { guardAgain, ifRunning, unguard } from "./remove-protection.ts";
import type { Restoring } from "./restore-config.ts";
import { restore } from "./restore-config.ts";
import { answers, stop } from "./service-control.ts";

/** Milliseconds for a daemon to end. */
const patience = 5_000;

/** What was taken back. */
export interface TakenBack {
  /** Services that everybody reaches again. */
  readonly unprotected: readonly string[];
  readonly restored: boolean;
  /** Where the file lies that somebody had changed. */
  readonly kept?: string;
  readonly knockd: "stopped" | "reloaded" | "not running" | "as it was";
  /** What could not be as it was: a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Takes the last `init` back, step by step, the protection first: whoever asks may be locked out. Each
 * step can be done again, so that one that fails leaves the record to begin anew. Throws SYSTEM, FIREWALL.
 */
export async function takeBack(
  place: SetupPaths,
  record: InitRecord,
  restoring: Restoring,
): Promise<TakenBack> {
  const { services, others } = await unguard(place, record, readLenient(place.config));
  const kept = restoring.kind === "nothing" ? undefined : restore(place, record, restoring);
  const restored = restoring.kind !== "nothing";
  const { knockd, problems } = await settle(place, record, restored);
  const refusal = "knockd does not take the file as it was, and goes on with what it has";
  const warnings = [
    ...(problems === undefined ? [] : [`${refusal}: ${problems.join("; ")}`]),
    ...(await keepOthers(place, others)),
  ];
  writeRecords(place.state.init, readRecords(place.state.init).slice(0, -1));
  return { unprotected: services, restored, knockd, warnings, ...(kept && { kept }) };
}

/** The daemon as it was: stopped, or with the configuration as it was, unless it says why not. */
async function settle(
  place: SetupPaths,
  { started }: InitRecord,
  restored: boolean,
): Promise<{ readonly knockd: TakenBack["knockd"]; readonly problems?: readonly string[] }> {
  if (started !== undefined) return { knockd: await end(place, started) };
  // Without a file there is nothing to read: it goes on with what it has read.
  if (!restored || readBytes(place.realConfig) === undefined) return { knockd: "as it was" };
  const result = await ifRunning(place, (daemon) => daemon.ask("reload", {}));
  if (result === undefined) return { knockd: "not running" };
  if (result.kind === "reloaded") return { knockd: "reloaded" };
  return { knockd: "as it was", problems: result.problems };
}

async function end(place: SetupPaths, started: StartedBy): Promise<TakenBack["knockd"]> {
  const pid = await ifRunning(place, async (daemon) => (await daemon.ask("status", {})).pid);
  // A script may complain of what does not run; systemd has to forget it in any case.
  if (pid !== undefined || started !== "script") await stop(started, pid);
  const until = systemClock.now() + patience;
  while (pid !== undefined && systemClock.now() < until && (await answers(place.socket))) {
    await sleep(50);
  }
  return pid === undefined ? "not running" : "stopped";
}

async function keepOthers(
  place: SetupPaths,
  others: readonly string[],
): Promise<readonly string[]> {
  if (others.length === 0) return [];
  const names = others.join(", ");
  try {
    const { doors } = readLenient(place.config);
    const done = await ifRunning(place, async (daemon) => {
      await guardAgain(daemon, others, doors);
      return true;
    });
    if (done === true) return [];
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return [`${names} was protected, too, and is not any more: ${error.message}`];
  }
  return [`${names} was protected, too, and is not any more: knockctl guard`];
}
