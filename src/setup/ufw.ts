// The rules by which `knockctl init` makes ufw let a service pass: what knockd protects stays closed all the same.
import { KnockError } from "../base/errors.ts";
import { complaint, runProgram } from "../system/run-program.ts";
import type { BlockedReport } from "./blocked-services.ts";
import type { SetupPaths } from "./paths.ts";
import type { InitRecord } from "./record.ts";
import { readRecords, writeRecords } from "./record.ts";
import { withDaemonAt } from "./running-daemon.ts";

/** Returns whether one rule of ufw lets a service pass. */
export function isForUfw({ remedies }: BlockedReport): boolean {
  return remedies.every(({ manager, command }) => manager === "ufw" && command !== undefined);
}

/** Returns ufw's command that lets a service pass. */
export function ufwCommand(service: string): string {
  return `ufw allow ${ruleFor(service)}`;
}

/** `22/tcp`, as ufw writes `tcp/22`. */
function ruleFor(service: string): string {
  return service.split("/").reverse().join("/");
}

/** Makes ufw let these services pass. Throws SYSTEM. */
export async function allowByUfw(services: readonly string[]): Promise<void> {
  for (const service of services) await ufw(["allow", ruleFor(service)]);
}

/** Removes the rules of `allowByUfw`. Throws SYSTEM. */
export async function withdrawFromUfw(services: readonly string[]): Promise<void> {
  for (const service of services) await ufw(["delete", "allow", ruleFor(service)]);
}

async function ufw(words: readonly string[]): Promise<void> {
  // Half a change of ufw's files could not be undone; and a rollback begins where signals come.
  const result = await runProgram(["ufw", ...words], { isShielded: true });
  if (result.code === 0) return;
  throw new KnockError("SYSTEM", `ufw ${words.join(" ")} failed: ${complaint(result)}`);
}

/**
 * Removes the rules of an `init` for services that the daemon does not protect for good, so that ufw blocks them
 * as before. Returns those services. Throws SYSTEM.
 */
export async function withdrawUnconfirmed(
  paths: SetupPaths,
  { at }: InitRecord,
): Promise<readonly string[]> {
  const records = readRecords(paths.state.init);
  const record = records.at(-1);
  if (record?.at !== at || record.ufw === undefined) return [];
  const kept = await protectedNow(paths);
  const withdrawn = record.ufw.filter((service) => !kept.includes(service));
  await withdrawFromUfw(withdrawn);
  const ufw = record.ufw.filter((service) => kept.includes(service));
  writeRecords(paths.state.init, [...records.slice(0, -1), { ...record, ufw }]);
  return withdrawn;
}

async function protectedNow(paths: SetupPaths): Promise<readonly string[]> {
  try {
    const status = await withDaemonAt(paths, (daemon) => daemon.ask("status", {}));
    return status.firewall.protects;
  } catch (error) {
    if (error instanceof KnockError) return []; // Without a daemon nothing is certain.
    throw error;
  }
}
