import { trialName } from "../base/access-owner.ts";
import { Address } from "../base/address.ts";
import { systemClock } from "../base/clock.ts";
import { formatService } from "../base/service.ts";
import type { ConfigOptions, DoorConfig } from "../config/config.ts";
import { protectedServices } from "../config/config.ts";
import type { ControlClient } from "../control/client.ts";
import { openClient } from "../control/client.ts";
import { readIfThere } from "../system/files.ts";
import type { SetupPaths } from "./paths.ts";
import type { InitRecord } from "./record.ts";
import { answers } from "./service-control.ts";

/** Milliseconds for `guardAgain`: it confirms at once. */
const moment = 10_000;

/** Protections that were taken back. */
export interface Unguarded {
  readonly services: readonly string[];
  /** What is protected by others, and was lifted with them. */
  readonly others: readonly string[];
}

/** Runs `task` with the daemon of this configuration; undefined if it does not run. Throws SYSTEM. */
export async function ifRunning<T>(
  { socket, config }: SetupPaths,
  task: (daemon: ControlClient) => Promise<T>,
): Promise<T | undefined> {
  if (!(await answers(socket))) return undefined;
  const daemon = await openClient(socket, systemClock);
  try {
    const { configFile } = await daemon.ask("status", {});
    return configFile === config ? await task(daemon) : undefined;
  } finally {
    daemon.close();
  }
}

/** Takes the protection of an `init` back, with or without the daemon. Throws SYSTEM, FIREWALL. */
export async function unguard(
  place: SetupPaths,
  { services, doors }: InitRecord,
  found: { readonly options: ConfigOptions; readonly doors: readonly DoorConfig[] },
): Promise<Unguarded> {
  const chosen = (some: readonly string[]) => some.filter((one) => services.includes(one));
  const rest = (some: readonly string[]) => some.filter((one) => !services.includes(one));
  const byDaemon = await ifRunning(place, async (daemon) => {
    const { protects, trial } = (await daemon.ask("status", {})).firewall;
    const ours = [...new Set(chosen([...protects, ...(trial?.services ?? [])]))];
    if (ours.length > 0) await daemon.ask("unprotect", {});
    const others = rest(protects);
    await closeAll(daemon, others.length === 0 ? [trialName, ...doors] : doors);
    return { services: ours, others: ours.length > 0 ? others : [] };
  });
  if (byDaemon !== undefined) return byDaemon;
  const guarded = readIfThere(place.state.guarded)?.toString().split("\n").filter(Boolean) ?? [];
  const ours = chosen(guarded);
  // A trial without its daemon ends by itself.
  if (ours.length === 0) return { services: [], others: [] };
  // Only now: it brings native code along.
  const { liftWithoutDaemon } = await import("./unprotect-offline.ts");
  await liftWithoutDaemon(place.config, found);
  return { services: ours, others: rest(guarded) };
}

/** Ends the leases of doors that are about to go. */
async function closeAll(daemon: ControlClient, doors: readonly string[]): Promise<void> {
  const leases = await daemon.ask("leases", {});
  const open = new Set(leases.map(({ door }) => door));
  for (const door of doors) if (open.has(door)) await daemon.ask("close", { door });
}

/**
 * Protects again what was protected beside them: it was so before, so nobody is locked out by it. Throws
 * SYSTEM.
 */
export async function guardAgain(
  daemon: ControlClient,
  others: readonly string[],
  doors: readonly DoorConfig[],
): Promise<void> {
  const configured = protectedServices(doors).map(formatService);
  // Unless somebody had lifted them before.
  if (configured.length > 0 && configured.every((one) => others.includes(one))) {
    await daemon.ask("protect", {});
  }
  const { protects } = (await daemon.ask("status", {})).firewall;
  const services = others.filter((one) => !protects.includes(one));
  if (services.length === 0) return;
  const address = Address.v4(0x7f000001);
  await daemon.ask("guard", { address, services, for: moment });
  await daemon.ask("confirm", { console: true });
  await daemon.ask("close", { address });
}
