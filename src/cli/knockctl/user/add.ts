import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { isErrno, KnockError, reason } from "../../../base/errors.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import type { Principal } from "../../../base/principals.ts";
import { isAmongUsers } from "../../../base/principals.ts";
import { printable } from "../../../base/text.ts";
import type { Config, DoorConfig } from "../../../config/config.ts";
import { addKnockPort, addUser } from "../../../config/edit/key-users.ts";
import { parseConfig } from "../../../config/parse.ts";
import { isDeviceName } from "../../../config/principals.ts";
import { formatWithHint } from "../../../config/problem.ts";
import { difference, readable } from "../../../setup/difference.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { decode, encodingOf, readBytes, setupPaths } from "../../../setup/paths.ts";
import { readExisting } from "../../../setup/plan.ts";
import { chooseKnockPort } from "../../../setup/ports.ts";
import type { Io } from "../../program.ts";
import { formatQr } from "../../qr.ts";
import type { CommandLine } from "../command.ts";
import { print, usageError } from "../command.ts";
import { findDoor } from "../door-operand.ts";
import { isTerminal, Questions } from "../init/questions.ts";
import { readRoute } from "./device-link.ts";
import type { UsersText } from "./files.ts";
import { applyAddition, expectSound, readUsers } from "./files.ts";
import type { DeviceText, NewKey } from "./new-key.ts";
import { makeNewKey } from "./new-key.ts";
import { changeUsers, readRights } from "./rights.ts";

/** To which fwknop sends unless it is told otherwise. */
const usualFwknopPort = 62_201;

type PortRow = "knockPorts" | "fwknopPorts";

/** What enrols a device. */
interface Enrolment {
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

/** Runs `knockctl user add`. */
export async function addUserCommand(line: CommandLine, name: string, io: Io): Promise<number> {
  expectPlace(line);
  const enrolment = await plan(line, name);
  const { paths, users, config, device } = enrolment;
  const diff = await difference(paths.config, decode(config.before), decode(config.after));
  const isQuiet = line.given.has("json");
  if (!isQuiet && diff !== "") io.stdout(`${readable(diff)}\n`);
  if (!line.given.has("yes") && !(await confirm(enrolment, diff))) {
    io.stdout("Nothing was changed.\n");
    return 1;
  }
  const output = line.given.get("output");
  if (output !== undefined) writeSecret(output, device.text);
  const isConfigChanged = !config.after.equals(config.before);
  try {
    const isRunning = await applyAddition({
      ...{ paths, owner: users.owner },
      files: [
        { path: users.file, before: users.bytes, after: Buffer.from(enrolment.usersAfter) },
        ...(isConfigChanged ? [{ path: paths.realConfig, ...config }] : []),
      ],
    });
    report(line, io, enrolment, { diff, isRunning });
    return 0;
  } catch (error) {
    if (output !== undefined) rmSync(output, { force: true });
    throw error;
  }
}

/** A secret goes to a terminal or a file. Throws USAGE. */
function expectPlace({ given }: CommandLine): void {
  if (!given.has("yes") && !isTerminal()) throw usageError("stdin is not a terminal; use --yes");
  if (!given.has("yes") && given.has("json")) throw usageError("--json goes with --yes");
  const hasPlace = given.has("output") || given.has("lock");
  if (hasPlace || (process.stdout.isTTY === true && !given.has("json"))) return;
  throw usageError("the key of the device needs a place", "--output FILE writes it");
}

async function plan(line: CommandLine, name: string): Promise<Enrolment> {
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

async function confirm({ paths, users }: Enrolment, diff: string): Promise<boolean> {
  const questions = await Questions.open();
  const config = diff === "" ? "" : `${printable(paths.config)} so, and `;
  try {
    return await questions.confirm(`Change ${config}${printable(users.file)}?`);
  } finally {
    questions.close();
  }
}

/** Writes a secret to a new file that its owner alone can read. Throws SYSTEM. */
export function writeSecret(file: string, link: string): void {
  try {
    writeFileSync(file, `${link}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const hints = isErrno(cause, "EEXIST") ? ["--output takes a file that does not exist"] : [];
    const message = `cannot write ${printable(file)}: ${reason(cause)}`;
    throw new KnockError("SYSTEM", message, { cause, hints });
  }
}

function report(
  line: CommandLine,
  io: Io,
  enrolment: Enrolment,
  { diff, isRunning }: { readonly diff: string; readonly isRunning: boolean },
): void {
  const { name, door, key, users, paths, device, port } = enrolment;
  const { isSecret } = key;
  const output = line.given.get("output");
  const result = {
    ...{ user: name, key: key.id, door: door.name, port, config: paths.config },
    ...{ usersFile: users.file, diff, reloaded: isRunning },
    ...(output !== undefined && { output }),
    ...(!isSecret && { link: device.text }),
    ...(device.page !== undefined && { page: device.page }),
  };
  print(line, io, result, () => {
    const reload = isRunning
      ? ""
      : "knockd does not run with this configuration, and reads it when it starts.\n";
    const done = `${name} may open [${printable(door.name)}] with the key ${key.id}.\n${reload}`;
    if (output !== undefined) return `${done}${printable(output)} has ${device.content}\n`;
    const once = isSecret ? `${device.warning} ${device.use}` : device.use;
    return `${done}${once}\n\n${device.text}\n\n${isSecret ? formatQr(device.qr, true) : ""}`;
  });
}
