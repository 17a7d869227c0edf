import { commonNetworks } from "../base/address.ts";
import type { Device, ParsedUsers } from "./users.ts";

/**
 * Returns what a users file with errors leaves of the devices in force: the rights that they have by both. A device
 * whose section has an error stays as it was. Pure.
 */
export function remainingDevices(before: Iterable<Device>, file: ParsedUsers): readonly Device[] {
  const sound = new Map(file.devices.map((device) => [device.name, device]));
  return [...before].flatMap((device) => {
    if (file.unsound.has(device.name)) return [device];
    const after = sound.get(device.name);
    return after === undefined ? [] : [narrowed(device, after)];
  });
}

function narrowed(before: Device, after: Device): Device {
  const digests = new Set(after.locks.map(({ publicDigest }) => publicDigest));
  const never = Number.POSITIVE_INFINITY;
  const isEarlier = (after.expires ?? never) < (before.expires ?? never);
  const fwknopUser = before.fwknopUser ?? after.fwknopUser;
  const isSameUser = fwknopUser === (after.fwknopUser ?? fwknopUser);
  const hasSameKeys = before.fwknop?.id === after.fwknop?.id;
  return {
    ...before,
    groups: before.groups.filter((group) => after.groups.includes(group)),
    expires: isEarlier ? after.expires : before.expires,
    allow: allowedByBoth(before.allow, after.allow),
    requireAddress: before.requireAddress || after.requireAddress,
    elsewhere: commonNetworks(before.elsewhere, after.elsewhere),
    disabled: before.disabled || after.disabled,
    locks: before.locks.filter(({ publicDigest }) => digests.has(publicDigest)),
    fwknop: hasSameKeys && isSameUser ? before.fwknop : undefined,
    fwknopUser,
  };
}

/** `undefined` means all sources. */
function allowedByBoth(before: Device["allow"], after: Device["allow"]): Device["allow"] {
  return before && after ? commonNetworks(before, after) : (before ?? after);
}
