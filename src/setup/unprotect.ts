import { trialName } from "../base/access-owner.ts";
import { formatService } from "../base/service.ts";
import type { DoorConfig } from "../config/config.ts";
import { protectedServices } from "../config/config.ts";
import type { ControlClient } from "../control/client.ts";
import { readIfThere } from "../system/files.ts";
import type { LenientConfig } from "./lenient-config.ts";
import type { SetupPaths } from "./paths.ts";
import type { InitRecord } from "./record.ts";
import { ifRunning } from "./running-daemon.ts";

/** The result of `unprotect`. */
export interface UnprotectResult {
  readonly services: readonly string[];
  /** Services of other origin, whose protection was removed with them. */
  readonly others: readonly string[];
}

/** Removes the protection of an `init`, with or without the daemon. Throws SYSTEM, FIREWALL. */
export async function unprotect(
  paths: SetupPaths,
  { services, doors }: InitRecord,
  found: LenientConfig,
): Promise<UnprotectResult> {
  const chosen = (some: readonly string[]) => some.filter((one) => services.includes(one));
  const rest = (some: readonly string[]) => some.filter((one) => !services.includes(one));
  const byDaemon = await ifRunning(paths, async (daemon) => {
    const { protects, trial } = (await daemon.ask("status", {})).firewall;
    const ours = [...new Set(chosen([...protects, ...(trial?.services ?? [])]))];
    if (ours.length > 0) await daemon.ask("unprotect", {});
    const others = rest(protects);
    await closeAll(daemon, others.length === 0 ? [trialName, ...doors] : doors);
    return { services: ours, others: ours.length > 0 ? others : [] };
  });
  if (byDaemon !== undefined) return byDaemon;
  const guarded = readIfThere(paths.state.guarded)?.toString().split("\n").filter(Boolean) ?? [];
  const ours = chosen(guarded);
  // Without its daemon a trial ends by itself.
  if (ours.length === 0) return { services: [], others: [] };
  // Loaded on demand: it loads native code.
  const { unprotectOffline } = await import("./unprotect-offline.ts");
  await unprotectOffline(paths.config, found);
  return { services: ours, others: rest(guarded) };
}

/** Closes the leases of doors that are about to be removed. */
async function closeAll(daemon: ControlClient, doors: readonly string[]): Promise<void> {
  const leases = await daemon.ask("leases", {});
  const open = new Set(leases.map(({ door }) => door));
  for (const door of doors) if (open.has(door)) await daemon.ask("close", { door });
}

/**
 * Protects services of other origin again. They were protected before, so this locks no administrator out.
 * Throws SYSTEM.
 */
export async function protectAgain(
  daemon: ControlClient,
  others: readonly string[],
  doors: readonly DoorConfig[],
): Promise<void> {
  const configured = protectedServices(doors).map(formatService);
  // Unless they were unprotected before the init.
  if (configured.length > 0 && configured.every((one) => others.includes(one))) {
    await daemon.ask("protect", {});
  }
  const { protects } = (await daemon.ask("status", {})).firewall;
  const services = others.filter((one) => !protects.includes(one));
  if (services.length > 0) await daemon.ask("protect", { services });
}
