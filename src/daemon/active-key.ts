// The keys in force: those of devices that are not disabled.
import type { Network } from "../base/address.ts";
import type { WallTime } from "../base/time.ts";
import type { Device } from "../config/users.ts";
import type { FwknopLock } from "../knock/fwknop-lock.ts";
import type { Lock } from "../knock/keys.ts";

/** A key of a device that is not disabled. */
export interface ActiveKey {
  readonly who: string;
  readonly lock: Lock;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
}

/** A key of fwknop of a device that is not disabled. */
export interface ActiveFwknopKey {
  readonly who: string;
  readonly lock: FwknopLock;
  /** `undefined` means never. */
  readonly expires: WallTime | undefined;
  /** `undefined` means all sources. */
  readonly allow: readonly Network[] | undefined;
  /** `undefined` means any. */
  readonly user: string | undefined;
}

/** The keys of all devices that are not disabled. */
export interface KeysInForce {
  readonly keys: readonly ActiveKey[];
  readonly fwknopKeys: readonly ActiveFwknopKey[];
}

/** Returns the keys of devices that are not disabled. */
export function keysOf(devices: Iterable<Device>): readonly ActiveKey[] {
  return [...devices]
    .filter(({ disabled }) => !disabled)
    .flatMap(({ name: who, locks, expires }) => locks.map((lock) => ({ who, lock, expires })));
}

/** As `keysOf`, those of fwknop. */
export function fwknopKeysOf(devices: Iterable<Device>): readonly ActiveFwknopKey[] {
  return [...devices].flatMap(
    ({ name: who, disabled, fwknop: lock, expires, allow, fwknopUser: user }) =>
      disabled || lock === undefined ? [] : [{ who, lock, expires, allow, user }],
  );
}

/** Returns whether a device had a key that it has no more. */
export function hasLostKey(before: Device | undefined, { locks, fwknop }: Device): boolean {
  const digests = new Set(locks.map(({ publicDigest }) => publicDigest));
  const hasLost = before?.locks.some(({ publicDigest }) => !digests.has(publicDigest)) ?? false;
  return hasLost || (before?.fwknop !== undefined && before.fwknop.id !== fwknop?.id);
}
