import { resolve } from "node:path";
import { KnockError } from "../../../base/errors.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import { isAmongUsers } from "../../../base/principals.ts";
import { printable, printableLines } from "../../../base/text.ts";
import type { Config } from "../../../config/config.ts";
import { formatWithHint } from "../../../config/problem.ts";
import type { Device } from "../../../config/users.ts";
import type { Io } from "../../program.ts";
import type { Screen } from "../../screen.ts";
import { formatTable } from "../../table.ts";
import type { CommandLine } from "../command.ts";
import { print } from "../command.ts";
import { readUsers } from "./files.ts";
import { pathsOf } from "./paths.ts";

/** A device, without its secrets. */
interface ListedDevice {
  readonly name: string;
  /** Their names in logs. */
  readonly keys: readonly string[];
  readonly groups: readonly string[];
  /** The last day, in UTC. */
  readonly expires?: string;
  readonly state: "enabled" | "disabled" | "expired";
  /** The doors that it may open. */
  readonly doors: readonly string[];
}

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
  const found = users.devices.filter(isMeant).map((device) => describe(device, config));
  if (name !== undefined && found.length === 0) {
    throw new KnockError("SYSTEM", `${usersFile} has no "${printable(name)}"`);
  }
  print(line, io, { users: found }, (screen) => format(found, screen));
  return users.problems.length === 0 ? 0 : 1;
}

function describe(device: Device, config: Config | undefined): ListedDevice {
  const { name, locks, groups, expires, disabled } = device;
  const state = (expires ?? Number.POSITIVE_INFINITY) <= Date.now() ? "expired" : "enabled";
  return {
    name,
    keys: locks.map(({ id }) => id),
    groups,
    ...(expires !== undefined && {
      expires: new Date(expires - 1).toISOString().slice(0, "2027-03-31".length),
    }),
    state: disabled ? "disabled" : state,
    doors: (config?.doors ?? [])
      .filter(({ users }) => isAmongUsers(users, device))
      .map((door) => door.name),
  };
}

function format(found: readonly ListedDevice[], screen: Screen): string {
  if (found.length === 0) return "no users\n";
  const columns = [
    { title: "DEVICE" },
    { title: "DOORS" },
    { title: "STATE" },
    { title: "EXPIRES" },
    { title: "GROUPS", yields: 1 },
    { title: "KEYS", yields: 2 },
  ] as const;
  const rows = found.map(({ name, doors, state, expires = "-", groups, keys }) => [
    name,
    doors.join(", ") || "none",
    { text: state, color: state === "enabled" ? "green" : "red" } as const,
    expires,
    groups.join(", ") || "-",
    keys.join(", "),
  ]);
  return formatTable(columns, rows, screen);
}
