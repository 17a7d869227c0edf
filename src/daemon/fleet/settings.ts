import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { StoreAddress } from "../../base/store-address.ts";
import type { ConfigOptions } from "../../config/config.ts";
import type { RedisAccess } from "../../fleet/redis-connection.ts";
import type { FleetSecrets } from "../state/fleet-file.ts";

/** What the configuration says of the fleet. */
export interface FleetSettings {
  readonly store: StoreAddress;
  /** The name of the fleet. */
  readonly name: string;
  /** The name of this gateway. */
  readonly gateway: string;
  /** Whether single-use knocks open while the store does not answer. */
  readonly onLoss: "open" | "refuse";
}

/** Returns what the options say of the fleet, or undefined if this gateway is in none. */
export function fleetSettings(options: ConfigOptions): FleetSettings | undefined {
  const { fleet: store, fleetName: name, gatewayName, onFleetLoss: onLoss } = options;
  if (store === undefined) return undefined;
  return { store, name, gateway: gatewayName ?? hostname(), onLoss };
}

/** Returns a text that differs where settings or secrets differ, and tells no secret. */
export function fingerprintOf(settings: FleetSettings, secrets: FleetSecrets): string {
  const hash = createHash("sha256").update(JSON.stringify([settings, { ...secrets, keys: [] }]));
  for (const key of secrets.keys) hash.update(key);
  return hash.digest("hex");
}

/** Returns how the store is reached. */
export function storeAccess({ store }: FleetSettings, secrets: FleetSecrets): RedisAccess {
  const { keys: _, ...credentials } = secrets;
  const given = Object.entries(credentials).filter(([, value]) => value !== undefined);
  return { address: store, ...Object.fromEntries(given) };
}
