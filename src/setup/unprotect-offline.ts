// What an administrator can still do when no daemon runs.
import { KnockError, reason } from "../base/errors.ts";
import type { Service } from "../base/service.ts";
import type { ConfigOptions, DoorConfig } from "../config/config.ts";
import { protectedServices } from "../config/config.ts";
import { loadRuleset } from "../firewall/nftables/nft-command.ts";
import { defaultTable, unprotectRuleset } from "../firewall/nftables/nft-ruleset.ts";
import { readIfThere, replaceFile } from "../system/files.ts";
import { defaultStateDir, isRunning, stateFiles } from "../system/state-files.ts";

export interface Lifted {
  /** The table whose chain is gone. */
  readonly table: string;
  /** The rules of the next boot, which are gone, too; undefined: there were none. */
  readonly bootFile: string | undefined;
  /** The next start of the daemon protects these again. */
  readonly protectsAgain: readonly Service[];
}

/** What could be read of a configuration, perhaps nothing. */
export interface Salvaged {
  readonly options?: ConfigOptions;
  readonly doors?: readonly DoorConfig[];
}

/**
 * Takes all protection back without the daemon of this configuration. Throws SYSTEM if that daemon runs
 * after all, FIREWALL.
 */
export async function liftWithoutDaemon(
  configFile: string,
  { options, doors = [] }: Salvaged,
): Promise<Lifted> {
  const files = stateFiles(options?.stateDir ?? defaultStateDir, configFile);
  if (isRunning(files)) {
    const hints = ["its ControlSocket: --socket PATH", "or stop it first: systemctl stop knockd"];
    throw new KnockError("SYSTEM", "knockd runs, but listens somewhere else", { hints });
  }
  const table = options?.table ?? defaultTable;
  try {
    await loadRuleset(unprotectRuleset(table), () => {});
  } catch (cause) {
    const known = cause instanceof KnockError ? cause.hints : [];
    const hints = process.geteuid?.() === 0 ? known : [...known, "only root can do this"];
    throw new KnockError("FIREWALL", reason(cause), { cause, hints });
  }
  const bootFile = readIfThere(files.boot) === undefined ? undefined : files.boot;
  replaceFile(files.boot, undefined);
  replaceFile(files.guarded, undefined);
  return {
    table,
    bootFile,
    protectsAgain: protectedServices(doors),
  };
}
