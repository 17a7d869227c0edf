import { resolve } from "node:path";
import { KnockError } from "../../../base/errors.ts";
import { defaultConfigFile } from "../../../base/paths.ts";
import { plural, printable } from "../../../base/text.ts";
import { withoutDevices, withoutKey } from "../../../config/edit/key-users.ts";
import { readSections } from "../../../config/lines.ts";
import type { Device } from "../../../config/users.ts";
import { keyIdsOf } from "../../../config/users.ts";
import type { Io } from "../../program.ts";
import type { CommandLine } from "../command.ts";
import { print, usageError } from "../command.ts";
import { findGatewaysWithOtherUsers } from "../fleet/gateways-with-other-users.ts";
import { isTerminal, Questions } from "../init/questions.ts";
import type { UserRemoval, UsersText } from "./files.ts";
import { applyRemoval, readUsers } from "./files.ts";
import { pathsOf } from "./paths.ts";

/** The exit code if the key still opens doors at another gateway. */
const stillKnown = 3;

/** Runs `knockctl user remove`. It also removes if the configuration has errors. */
export async function removeUserCommand(line: CommandLine, name: string, io: Io): Promise<number> {
  const { given } = line;
  if (!given.has("yes") && !isTerminal()) throw usageError("stdin is not a terminal; use --yes");
  const { keyId, ...removal } = await planRemoval(line, name);
  const { names, users } = removal;
  const what = keyId === undefined ? names.join(", ") : `the key ${printable(keyId)} of ${name}`;
  if (!given.has("yes") && !(await confirm(what, users.file))) {
    io.stdout("Nothing was changed.\n");
    return 1;
  }
  const isRunning = await applyRemoval(removal);
  const removed = keyId === undefined ? { users: names } : { user: name, key: keyId };
  const gateways = isRunning ? await findGatewaysWithOtherUsers(removal.paths) : [];
  const still = gateways.length > 0 && { stillAcceptedAt: gateways };
  print(line, io, { removed, usersFile: users.file, reloaded: isRunning, ...still }, () => {
    const again = keyId === undefined ? "" : " The device knocks again with its other key.";
    const closed = isRunning
      ? `knockd closes what no other device holds; established connections go on (knockctl close --cut ends them).${again}`
      : "knockd does not run with this configuration.";
    const elsewhere = still ? `${stillAccepted(gateways, users.file)}\n` : "";
    return `${what}: removed. ${closed}\n${elsewhere}`;
  });
  return still ? stillKnown : 0;
}

function stillAccepted(gateways: readonly string[], file: string): string {
  const names = gateways.map(printable).join(", ");
  const verb = gateways.length === 1 ? "accepts" : "accept";
  return `${names} still ${verb} the key: copy ${printable(file)} there, and run knockctl reload`;
}

/** What takes devices, or one key, out of the users file. */
export interface RemovalPlan extends UserRemoval {
  /** The devices. */
  readonly names: readonly string[];
  /** The key of one of them; `undefined`: all that they have. */
  readonly keyId: string | undefined;
}

/** Plans the removal of a person, a device or a key (`--key`), in memory. Throws SYSTEM, USAGE, CONFIG. */
export async function planRemoval(
  { given }: Pick<CommandLine, "given">,
  name: string,
): Promise<RemovalPlan> {
  const config = resolve(given.get("config") ?? defaultConfigFile);
  const { paths, usersFile } = pathsOf(config, given.get("socket"));
  const users = await readUsers(paths, usersFile);
  const names = namesIn(users.text).filter((one) => one === name || one.startsWith(`${name}/`));
  if (names.length === 0) throw unknownUser(users, name);
  const keyId = given.get("key");
  const after =
    keyId === undefined
      ? withoutDevices(users.text, new Set(names))
      : withoutKey(users.text, ownerOf(users, names, keyId), keyId);
  return { paths, users, after, names, keyId };
}

/** All names of sections, also of those that have errors. */
function namesIn(text: string): string[] {
  return readSections(text, []).map(({ name }) => name);
}

function unknownUser({ file, devices }: UsersText, name: string): KnockError {
  const hints = [devices.length === 0 ? "it names no device" : "knockctl user list lists all"];
  return new KnockError("SYSTEM", `${file} has no "${printable(name)}"`, { hints });
}

/** Returns which of these devices has the key, beside another one. Throws USAGE. */
function ownerOf({ devices }: UsersText, names: readonly string[], keyId: string): string {
  const owner = devices.find((one) => names.includes(one.name) && hasKey(one, keyId));
  if (owner === undefined) throw usageError(`"${printable(keyId)}" is not one of its keys`);
  const count = keyIdsOf(owner).length;
  const isFwknop = !owner.locks.some(({ id }) => id === keyId);
  if (count > 1 && !isFwknop) return owner.name;
  const hint = `knockctl user remove ${owner.name}`;
  if (isFwknop) throw usageError(`"${printable(keyId)}" is a key of fwknop's client`, hint);
  throw usageError(`${owner.name} has ${plural(count, "key")} alone`, hint);
}

function hasKey(device: Device, keyId: string): boolean {
  return keyIdsOf(device).some((id) => id === keyId);
}

async function confirm(what: string, file: string): Promise<boolean> {
  const questions = await Questions.open();
  try {
    return await questions.confirm(`Remove ${what} from ${printable(file)}?`);
  } finally {
    questions.close();
  }
}
