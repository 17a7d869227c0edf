import { resolve } from "node:path";
import { KnockError } from "../../../base/errors.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import { isAmongUsers } from "../../../base/principals.ts";
import { printable, printableLines } from "../../../base/text.ts";
import type { Config } from "../../../config/config.ts";
import { formatWithHint } from "../../../config/problem.ts";
import type { Device } from "../../../config/users.ts";
import { keyIdsOf } from "../../../config/users.ts";
import type { Result } from "../../../control/methods.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { ifRunning } from "../../../setup/running-daemon.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { print } from "../command.ts";
import type { ListedDevice } from "./device-table.ts";
import { formatDevices, formatKeys } from "./device-table.ts";
import { readUsers } from "./files.ts";
import { pathsOf } from "./paths.ts";

/** Runs `knockctl user list`, or `show` with the name of a person or device. */
export async function listUsersCommand(
  line: CommandLine,
  name: string | undefined,
  io: Io,
): Promise<number> {
  const file = resolve(line.given.get("config") ?? defaultConfigFile);
  const { paths, usersFile, config } = pathsOf(file, line.given.get("socket"));
  const users = await readUsers(paths, usersFile);
  for (const problem of users.problems) {
    io.stderr(`${printableLines(formatWithHint(usersFile, problem))}\n`);
  }
  const isMeant = (device: Device) =>
    name === undefined || device.name === name || device.name.startsWith(`${name}/`);
  const devices = users.devices.filter(isMeant);
  if (name !== undefined && devices.length === 0) {
    throw new KnockError("SYSTEM", `${usersFile} has no "${printable(name)}"`);
  }
  const known = await askKeys(paths);
  const found = devices.map((device) => describeDevice(device, config, known));
  const result = { running: known !== undefined, users: found };
  print(line, io, result, (screen) => {
    if (found.length === 0) return "no users\n";
    const notes = describeNotes(found, known !== undefined);
    if (name === undefined) return `${formatDevices(found, screen)}${notes}`;
    return `${formatDevices(found, screen)}\n${formatKeys(found, screen)}${notes}`;
  });
  return users.problems.length === 0 ? 0 : 1;
}

type KnownKeys = Result<"keys">;

/** Returns the keys in force. `undefined`: no knockd runs with this configuration. Throws SYSTEM. */
async function askKeys(paths: SetupPaths): Promise<KnownKeys | undefined> {
  return await ifRunning(paths, (daemon) => daemon.ask("keys", {}));
}

/** Returns what is known of a device. `known`: the keys in force; `undefined`: knockd does not run with them. */
export function describeDevice(
  device: Device,
  config: Config | undefined,
  known: KnownKeys | undefined,
): ListedDevice {
  const { name, groups, expires, disabled } = device;
  const state = (expires ?? Number.POSITIVE_INFINITY) <= Date.now() ? "expired" : "enabled";
  const keys = keyIdsOf(device);
  return {
    ...{ name, keys, groups },
    ...(expires !== undefined && {
      expires: new Date(expires - 1).toISOString().slice(0, "2027-03-31".length),
    }),
    state: disabled ? "disabled" : state,
    doors: (config?.doors ?? [])
      .filter(({ users }) => isAmongUsers(users, device))
      .map((door) => door.name),
    ...(known && {
      activity: keys.flatMap((key) => {
        const found = known.find(({ user, id }) => user === name && id === key);
        if (found === undefined) return [];
        const { lastKnock, refusals } = found;
        return [{ key, ...(lastKnock && { lastKnock }), refusals }];
      }),
    }),
  };
}

/** Returns what the tables do not say: lines, or none. */
function describeNotes(found: readonly ListedDevice[], isRunning: boolean): string {
  if (!isRunning) {
    return "knockd does not run with this configuration: last knocks and refusals are unknown.\n";
  }
  const isMissing = found.some(({ keys, activity = [] }) => activity.length < keys.length);
  if (!isMissing) return "";
  return "knockd has not loaded every key of the users file: knockctl reload\n";
}
