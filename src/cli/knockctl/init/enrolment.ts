// The administrator's device, which `knockctl init` enrols.
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { KnockError } from "../../../base/errors.ts";
import { printable } from "../../../base/text.ts";
import { SecretText } from "../../../client/secret-text.ts";
import type { Config } from "../../../config/config.ts";
import { addKey } from "../../../config/edit/key-users.ts";
import { isDeviceName } from "../../../config/principals.ts";
import { makeKey, parseLock } from "../../../knock/keys.ts";
import type { PlannedDevice } from "../../../setup/enrolment.ts";
import { setupPaths } from "../../../setup/paths.ts";
import type { DoorWay, InitOptions, PlannedDoor, SetupPlan } from "../../../setup/plan.ts";
import { forbidCoreFiles } from "../../../system/core-files.ts";
import { wrap } from "../../help.ts";
import { formatQr } from "../../qr.ts";
import { initWords } from "../../words/init.ts";
import { localize } from "../../words/korean.ts";
import type { CommandLine } from "../command.ts";
import { usageError } from "../command.ts";
import { usualSshPort } from "../trial.ts";
import { makeDeviceLink } from "../user/device-link.ts";
import { readUsers } from "../user/files.ts";
import { changeUsers } from "../user/rights.ts";
import type { Questions } from "./questions.ts";

/** What the device calls this server, and types to knock. */
export const profileName = "home";

/** Reads by what new doors open. Throws USAGE. */
export function readWay(text: string): DoorWay {
  if (text === "sequence" || text === "key" || text === "both") return text;
  throw usageError(`"${printable(text)}" is not sequence, key or both`);
}

/** Throws USAGE if the secret of the device has no place to go to: a terminal, or a file. */
export function expectSecretPlace({ given }: CommandLine): void {
  const isByKey = readWay(given.get("by") ?? "sequence") !== "sequence";
  for (const name of ["user", "output"]) {
    if (!given.has(name) || isByKey || !(given.has("yes") || given.has("by"))) continue;
    throw usageError(`--${name} goes with --by key or --by both`);
  }
  if (!isByKey || given.has("output") || given.has("dry-run")) return;
  if (process.stdout.isTTY === true && !given.has("json")) return;
  throw usageError("the key of the device needs a place", "--output FILE writes it");
}

/** Makes the key of the device that may open the doors. Throws USAGE, CONFIG. */
export async function planDevice(
  { given }: CommandLine,
  file: string,
  { options }: Config,
  questions: Questions | undefined,
): Promise<PlannedDevice> {
  const usual = usualDevice(process.env["SUDO_USER"] ?? process.env["DOAS_USER"]);
  const text = given.get("user");
  const name =
    text !== undefined || questions === undefined
      ? readDeviceName(text ?? usual)
      : await questions.ask(initWords().device, usual, readDeviceName);
  const paths = setupPaths(resolve(file), options, given.get("socket"));
  const users = await readUsers(paths, options.usersFile);
  const known = users.devices.find((one) => one.name === name);
  if (known !== undefined) return { name, groups: known.groups, enrolment: undefined };
  forbidCoreFiles();
  const { key, lock } = makeKey(randomBytes(64));
  const parsed = parseLock(lock);
  if (typeof parsed === "string") throw new Error(`a new lock is wrong: ${parsed}`);
  const addTo = (text: string, device: string) => addKey(text, device, lock);
  const after = changeUsers(users, name, { addTo }, { groups: undefined, expires: undefined });
  const enrolment = {
    ...{ usersFile: users.file, before: users.bytes, after: Buffer.from(after) },
    ...{ owner: users.owner, keyId: parsed.id, key: new SecretText(key) },
  };
  return { name, groups: [], enrolment };
}

/** Returns a name for the device of a user, who may have another name than the users file allows. */
function usualDevice(user = "admin"): string {
  const name = `${user.toLowerCase()}/laptop`;
  return isDeviceName(name) ? name : "admin/laptop";
}

function readDeviceName(name: string): string {
  if (isDeviceName(name)) return name;
  throw new KnockError("USAGE", `"${printable(name)}" is not PERSON/DEVICE`, {
    hints: ["for example alice/laptop"],
  });
}

/** Returns the line for a new key, a secret; `undefined` if no key is new. Throws USAGE if the client would not take it. */
export function deviceLine(
  { device, doors, knockPort: port }: SetupPlan,
  { host, sshPort }: InitOptions,
): string | undefined {
  const key = device?.enrolment?.key.reveal();
  const first = firstDoor(doors, sshPort);
  if (key === undefined || port === undefined || first === undefined) return undefined;
  return makeDeviceLink({ host, name: profileName, page: undefined }, first.door, { port, key });
}

/** The door that the line names: that of ssh, if there is one. */
function firstDoor(doors: readonly PlannedDoor[], sshPort: number): PlannedDoor | undefined {
  const isSsh = ({ service }: PlannedDoor) =>
    service.protocol === "tcp" && [sshPort, usualSshPort].includes(service.port);
  return doors.find(isSsh) ?? doors[0];
}

/** Explains how the device knocks. `line` is shown, unless a file has it. */
export function formatDevice(
  { device, doors }: SetupPlan,
  { sshPort }: InitOptions,
  { line, output }: { readonly line: string | undefined; readonly output: string | undefined },
): string {
  if (device === undefined) return "";
  const name = printable(device.name);
  const first = firstDoor(doors, sshPort);
  const names = doors.map(({ door }) => printable(door.name));
  const all = `Door ${names.join(", ")}`;
  if (line === undefined) {
    return `\n${wrap(localize(`${name} has a key already. In its profile, these doors are missing perhaps:`))}\n    ${all}\n`;
  }
  const more =
    names.length < 2 || first === undefined
      ? ""
      : `\n${wrap(localize(`The line opens [${printable(first.door.name)}]. For all doors, write into the profile ${profileName} of the device:`))}\n    ${all}\n`;
  if (output !== undefined) {
    return `\n${wrap(localize(`${printable(output)} has the line for ${name}. On the device: knock --import`))}${more}`;
  }
  const once = `This line is for ${name}, and shown once; the server keeps only what checks it. On the device: knock --import`;
  return `\n${wrap(localize(once))}\n${line}\n\n${formatQr(line, true)}${more}`;
}
