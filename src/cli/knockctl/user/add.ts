import { randomBytes } from "node:crypto";
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
import { makeKey, parseLock } from "../../../knock/keys.ts";
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
import { makeDeviceLink, readRoute } from "./device-link.ts";
import type { UsersText } from "./files.ts";
import { applyAddition, expectSound, readUsers } from "./files.ts";
import { changeUsers, readRights } from "./rights.ts";

/** What enrols a device. */
interface Enrolment {
  readonly name: string;
  readonly paths: SetupPaths;
  readonly door: DoorConfig;
  readonly users: UsersText;
  /** The key's name in logs. */
  readonly keyId: string;
  readonly config: { readonly before: Buffer; readonly after: Buffer };
  readonly usersAfter: string;
  /** The line for the device; a secret, unless the device has made its key. */
  readonly link: string;
  /** Where the page is that the link leads to. */
  readonly page: string | undefined;
  readonly isSecret: boolean;
  readonly port: number;
}

/** How the page gets where the link leads. */
const pageHint = "knockctl user page FILE writes the page";

/** Runs `knockctl user add`. */
export async function addUserCommand(line: CommandLine, name: string, io: Io): Promise<number> {
  expectPlace(line);
  const enrolment = await plan(line, name);
  const { paths, users, config, link } = enrolment;
  const diff = await difference(paths.config, decode(config.before), decode(config.after));
  const isQuiet = line.given.has("json");
  if (!isQuiet && diff !== "") io.stdout(`${readable(diff)}\n`);
  if (!line.given.has("yes") && !(await confirm(enrolment, diff))) {
    io.stdout("Nothing was changed.\n");
    return 1;
  }
  const output = line.given.get("output");
  if (output !== undefined) writeSecret(output, link);
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
  const texts = await makeTexts(given.get("lock"));
  const lock = parseLock(texts.lock);
  if (typeof lock === "string") throw usageError(`standard input has no good lock1: line: ${lock}`);
  const usersAfter = changeUsers(users, name, texts.lock, rights);
  const before = readBytes(file) ?? Buffer.alloc(0);
  const port = existing.options.knockPorts[0] ?? chooseKnockPort(existing);
  const text = changeConfig(decode(before), existing, { door, device, port });
  return {
    ...{ name, paths, door, users, usersAfter, port, keyId: lock.id },
    config: { before, after: Buffer.from(text, encodingOf(before)) },
    link: makeDeviceLink(route, door, { port, key: texts.key }),
    page: route.page?.url,
    isSecret: texts.key !== undefined,
  };
}

function chooseDoor(config: Config, device: Principal, wanted: string | undefined): DoorConfig {
  if (wanted !== undefined) return findDoor(config, wanted);
  const door = config.doors.find(({ users }) => isAmongUsers(users, device));
  if (door !== undefined) return door;
  throw usageError(`--door DOOR is missing: no door has ${device.name} among its users`);
}

/** A key that is made here, or the lock of one that the device has made. */
async function makeTexts(
  from: string | undefined,
): Promise<{ readonly lock: string; readonly key?: string }> {
  if (from === undefined) return makeKey(randomBytes(64));
  if (from !== "-") throw usageError("a lock is read from standard input", "--lock -");
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  const lock = text.split("\n").find((one) => one.trim().startsWith("lock1:"));
  if (lock === undefined) throw usageError("standard input has no lock1: line");
  return { lock: lock.trim() };
}

/** Throws CONFIG if the change makes a configuration that knockd refuses. */
function changeConfig(
  before: string,
  { options }: Config,
  { door, device, port }: Pick<Enrolment, "door" | "port"> & { readonly device: Principal },
): string {
  let text = before;
  if (!isAmongUsers(door.users, device)) text = addUser(text, door.name, device.name);
  if (options.knockPorts.length === 0) text = addKnockPort(text, port);
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
  const { name, door, keyId, users, paths, link, page, isSecret, port } = enrolment;
  const output = line.given.get("output");
  const result = {
    ...{ user: name, key: keyId, door: door.name, port, config: paths.config },
    ...{ usersFile: users.file, diff, reloaded: isRunning },
    ...(output !== undefined && { output }),
    ...(!isSecret && { link }),
    ...(page !== undefined && { page }),
  };
  print(line, io, result, () => {
    const reload = isRunning
      ? ""
      : "knockd does not run with this configuration, and reads it when it starts.\n";
    const done = `${name} may open [${printable(door.name)}] with the key ${keyId}.\n${reload}`;
    const use = page === undefined ? "knock --import" : `a browser opens it (${pageHint})`;
    if (output !== undefined) {
      return `${done}${printable(output)} has the line for the device: ${use}\n`;
    }
    const once = isSecret
      ? `This line is shown once; the server keeps only what checks it. On the device: ${use}`
      : `On the device: ${use}`;
    return `${done}${once}\n\n${link}\n\n${isSecret ? formatQr(link, true) : ""}`;
  });
}
