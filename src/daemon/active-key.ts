import type { WallTime } from "../base/time.ts";
import type { Device } from "../config/users.ts";
import type { Lock } from "../knock/keys.ts";

/** A key of a device that is not disabled. */
export interface ActiveKey {
  readonly who: string;
  readonly lock: Lock;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
}

/** Returns the keys of devices that are not disabled. */
export function keysOf(devices: Iterable<Device>): readonly ActiveKey[] {
  return [...devices]
    .filter(({ disabled }) => !disabled)
    .flatMap(({ name: who, locks, expires }) => locks.map((lock) => ({ who, lock, expires })));
}
