import type { Principal } from "../base/principals.ts";
import { isAmongUsers } from "../base/principals.ts";
import type { WallTime } from "../base/time.ts";

interface ExpiringDevice extends Principal {
  readonly disabled: boolean;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
}

/** Returns the names of the devices that may open a door with these users now. */
export function doorDevices(
  users: readonly string[],
  devices: Iterable<ExpiringDevice>,
  now: WallTime,
): string[] {
  return Array.from(devices)
    .filter(({ disabled, expires }) => !disabled && (expires === undefined || expires > now))
    .filter((device) => isAmongUsers(users, device))
    .map(({ name }) => name);
}
