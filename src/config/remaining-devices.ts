import type { Device, ParsedUsers } from "./users.ts";

/**
 * Returns what a users file with errors leaves of the devices in force. It takes away and gives nothing: a device
 * that is gone, disabled or expires earlier, or has lost a key, is so at once. A device whose section has an error
 * stays as it was. Pure.
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
  return {
    ...before,
    disabled: before.disabled || after.disabled,
    expires: isEarlier ? after.expires : before.expires,
    locks: before.locks.filter(({ publicDigest }) => digests.has(publicDigest)),
    fwknop: before.fwknop?.id === after.fwknop?.id ? before.fwknop : undefined,
  };
}
