import { nearest } from "../../base/nearest.ts";
import { isAmongUsers } from "../../base/principals.ts";
import type { WallTime } from "../../base/time.ts";
import type { ConfigOptions, DoorConfig } from "../config.ts";
import type { Device } from "../users.ts";

/** How long before its end a key is worth a warning: milliseconds. */
const soon = 14 * 86_400_000;

/** What of a configuration concerns the users file. */
export interface UserTrapSettings {
  readonly options: Pick<ConfigOptions, "knockPorts" | "fwknopPorts">;
  readonly doors: readonly DoorConfig[];
}

/** Returns warnings of what configuration and users file say of each other: a sentence each. */
export function findUserTraps(
  { options, doors }: UserTrapSettings,
  devices: readonly Device[],
  now: WallTime,
): string[] {
  const names = devices.map(({ name }) => name);
  const people = names.map((name) => name.replace(/\/.*/, ""));
  const groups = devices.flatMap((device) => device.groups.map((group) => `@${group}`));
  const known = [...new Set([...people, ...names, ...groups])];
  return [
    ...doors.flatMap(({ name, users }) => unknownUsers(name, users, known)),
    ...doors.flatMap((door) => withoutDevice(door, devices)),
    ...devices.flatMap((device) => endingDevice(device, now)),
    ...devices.flatMap((device) => withoutPort(device, options)),
  ];
}

function unknownUsers(door: string, users: readonly string[], known: readonly string[]): string[] {
  return users.flatMap((user) => {
    if (known.includes(user)) return [];
    const near = nearest(user, known);
    const hint = near === undefined ? "" : `: did you mean "${near}"?`;
    return [`'${door}' has the user "${user}", whom the users file does not have${hint}`];
  });
}

function withoutDevice({ name, users }: DoorConfig, devices: readonly Device[]): string[] {
  const enabled = devices.filter(({ disabled }) => !disabled);
  if (users.length === 0 || enabled.some((device) => isAmongUsers(users, device))) return [];
  return [`'${name}' has users, but none of them has a device that is enabled`];
}

function withoutPort(
  { name, disabled, fwknop }: Device,
  { knockPorts, fwknopPorts }: UserTrapSettings["options"],
): string[] {
  const ports = fwknop === undefined ? knockPorts : fwknopPorts;
  if (disabled || ports.length > 0) return [];
  const directive = fwknop === undefined ? "KnockPort" : "FwknopPort";
  return [`${name} cannot knock: ${directive} says no port for its packets`];
}

function endingDevice({ name, expires, disabled }: Device, now: WallTime): string[] {
  if (expires === undefined || disabled || expires - now > soon) return [];
  if (expires <= now) return [`${name} has expired`];
  const last = new Date(expires - 1).toISOString().slice(0, "2027-03-31".length);
  return [`${name} expires at the end of ${last} (UTC)`];
}
