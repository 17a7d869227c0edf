import { KnockError, reason } from "../base/errors.ts";
import type { Service } from "../base/service.ts";
import { protectedServices } from "../config/config.ts";
import { tableOfBoot } from "../firewall/nftables/boot-protection.ts";
import { defaultTable } from "../firewall/nftables/nft-ruleset.ts";
import {
  protectsNothing,
  removeTable,
  unprotectTable,
} from "../firewall/nftables/nft-unprotect.ts";
import { readIfThere, replaceFile } from "../system/files.ts";
import { defaultStateDir, isRunning, stateFiles } from "../system/state-files.ts";
import type { LenientConfig } from "./lenient-config.ts";

/** What was removed without the daemon. */
export interface OfflineResult {
  /** The table whose chain was removed. */
  readonly table: string;
  /** Whether the table had rules. */
  readonly hadRules: boolean;
  /** The table of an earlier configuration, which was removed, too. */
  readonly oldTable: string | undefined;
  /** The rules of the next boot, which were removed, too; `undefined` if there were none. */
  readonly bootFile: string | undefined;
  /** The services that the next start of the daemon protects again. */
  readonly protectsAgain: readonly Service[];
}

/** Removes all protection without the daemon of this configuration. Throws SYSTEM if that daemon runs, FIREWALL. */
export async function unprotectOffline(
  configFile: string,
  { options, doors }: Pick<LenientConfig, "options" | "doors">,
): Promise<OfflineResult> {
  const files = stateFiles(options?.stateDir ?? defaultStateDir, configFile);
  if (isRunning(files)) {
    const hints = ["its ControlSocket: --socket PATH", "or stop it first: systemctl stop knockd"];
    throw new KnockError("SYSTEM", "knockd runs, but listens somewhere else", { hints });
  }
  const table = options?.table ?? defaultTable;
  const boot = readIfThere(files.boot)?.toString();
  const other = boot === undefined ? undefined : tableOfBoot(boot);
  let oldTable: string | undefined;
  const hadRules = !protectsNothing(table);
  try {
    // It would leave an empty table where there is none.
    if (hadRules) await unprotectTable(table);
    if (other !== undefined && other !== table && (await removeTable(other))) oldTable = other;
  } catch (cause) {
    const known = cause instanceof KnockError ? cause.hints : [];
    const hints = process.geteuid?.() === 0 ? known : [...known, "only root can do this"];
    throw new KnockError("FIREWALL", reason(cause), { cause, hints });
  }
  try {
    replaceFile(files.boot, undefined);
    replaceFile(files.bootDoors, undefined);
    replaceFile(files.guarded, undefined);
  } catch (cause) {
    const message = `the protection is removed, but returns at the next start: ${reason(cause)}`;
    throw new KnockError("SYSTEM", message, { cause });
  }
  return {
    ...{ table, hadRules, oldTable },
    bootFile: boot === undefined ? undefined : files.boot,
    protectsAgain: protectedServices(doors),
  };
}
