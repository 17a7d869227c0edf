// The enrolment of a device: what `knockctl user add` and the console change, planned in memory first.
import { resolve } from "node:path";
import { KnockError } from "../../../base/errors.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import type { Principal } from "../../../base/principals.ts";
import { isAmongUsers } from "../../../base/principals.ts";
import { printable } from "../../../base/text.ts";
import type { Config, DoorConfig } from "../../../config/config.ts";
import { addKnockPort, addUser } from "../../../config/edit/key-users.ts";
import { parseConfig } from "../../../config/parse.ts";
import { isDeviceName } from "../../../config/principals.ts";
import { formatWithHint } from "../../../config/problem.ts";
import { changeFiles } from "../../../setup/change-files.ts";
import { difference } from "../../../setup/difference.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { decode, encodingOf, readBytes, setupPaths } from "../../../setup/paths.ts";
import { readExisting } from "../../../setup/plan.ts";
import { chooseKnockPort } from "../../../setup/ports.ts";
import type { CommandLine } from "../command.ts";
import { usageError } from "../command.ts";
import { findDoor } from "../door-operand.ts";
import { readRoute } from "./device-link.ts";
import type { UsersText } from "./files.ts";
import { expectSound, readUsers } from "./files.ts";
import type { DeviceText, NewKey } from "./new-key.ts";
import { makeNewKey } from "./new-key.ts";
import { changeUsers, readRights } from "./rights.ts";

/** To which fwknop sends unless it is told otherwise. */
const usualFwknopPort = 62_201;

type PortRow = "knockPorts" | "fwknopPorts";

/** What enrols a device. */
export interface Enrolment {
  readonly name: string;
  readonly paths: SetupPaths;
  readonly door: DoorConfig;
  readonly users: UsersText;
  readonly key: NewKey;
  readonly config: { readonly before: Buffer; readonly after: Buffer };
  readonly usersAfter: string;
  readonly device: DeviceText;
  readonly port: number;
}

/** Plans the enrolment of a device, in memory. Throws USAGE, CONFIG, SYSTEM. */
export async function planEnrolment(
  line: Pick<CommandLine, "given">,
  name: string,
): Promise<Enrolment> {
  const { given } = line;
  if (!isDeviceName(name)) {
    throw usageError(`"${printable(name)}" is not PERSON/DEVICE`, "for example alice/laptop");
  }
  const route = await readRoute(line);
  const file = resolve(given.get("config") ?? defaultConfigFile);
  const existing = readExisting(file);
  const paths = setupPaths(file, existing.options, given.get("socket"));
  const users = await readUsers(paths, existing.options.usersFile);
  expectSound(users);
  const rights = readRights(line);
  const known = users.devices.find((one) => one.name === name);
  const device = { name, groups: rights.groups ?? known?.groups ?? [] };
  const door = chooseDoor(existing, device, given.get("door"));
  const key = await makeNewKey(line);
  const usersAfter = changeUsers(users, name, key, rights);
  const before = readBytes(file) ?? Buffer.alloc(0);
  const row = key.client === "fwknop" ? "fwknopPorts" : "knockPorts";
  const port = existing.options[row][0] ?? choosePort(existing, row);
  const text = changeConfig(decode(before), existing, { door, device, port, row });
  return {
    ...{ name, paths, door, users, usersAfter, port, key },
    config: { before, after: Buffer.from(text, encodingOf(before)) },
    device: key.describe(route, door, port),
  };
}

function chooseDoor(config: Config, device: Principal, wanted: string | undefined): DoorConfig {
  if (wanted !== undefined) return findDoor(config, wanted);
  const door = config.doors.find(({ users }) => isAmongUsers(users, device));
  if (door !== undefined) return door;
  throw usageError(`--door DOOR is missing: no door has ${device.name} among its users`);
}

function choosePort(config: Config, row: PortRow): number {
  return row === "fwknopPorts" ? usualFwknopPort : chooseKnockPort(config);
}

interface ConfigChange extends Pick<Enrolment, "door" | "port"> {
  readonly device: Principal;
  readonly row: PortRow;
}

/** Throws CONFIG if the change makes a configuration that knockd refuses. */
function changeConfig(
  before: string,
  { options }: Config,
  { door, device, port, row }: ConfigChange,
): string {
  let text = before;
  if (!isAmongUsers(door.users, device)) text = addUser(text, door.name, device.name);
  if (options[row].length === 0) text = addKnockPort(text, port, row);
  const { config, problems } = parseConfig(text);
  if (config !== undefined) return text;
  const errors = problems.filter(({ severity }) => severity === "error");
  const lines = errors.map((problem) => formatWithHint("the changed configuration", problem));
  throw new KnockError("CONFIG", lines.join("\n"));
}

/** Returns the change of the configuration: a unified diff, or an empty text. */
export async function diffOf({ paths, config }: Enrolment): Promise<string> {
  return await difference(paths.config, decode(config.before), decode(config.after));
}

/** Writes the files of an enrolment. Returns whether knockd runs, and has reloaded them. Throws SYSTEM. */
export async function applyEnrolment(enrolment: Enrolment): Promise<boolean> {
  const { paths, users, config, usersAfter } = enrolment;
  const isConfigChanged = !config.after.equals(config.before);
  return await changeFiles({
    ...{ paths, owner: users.owner, again: "run knockctl user again" },
    files: [
      { path: users.file, before: users.bytes, after: Buffer.from(usersAfter) },
      ...(isConfigChanged ? [{ path: paths.realConfig, ...config }] : []),
    ],
  });
}
