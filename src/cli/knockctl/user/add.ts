import { rmSync, writeFileSync } from "node:fs";
import { isErrno, KnockError, reason } from "../../../base/errors.ts";
import { printable } from "../../../base/text.ts";
import { readable } from "../../../setup/difference.ts";
import type { Io } from "../../program.ts";
import { formatQr } from "../../qr.ts";
import type { CommandLine } from "../command.ts";
import { print, usageError } from "../command.ts";
import { findGatewaysWithOtherUsers } from "../fleet/gateways-with-other-users.ts";
import { isTerminal, Questions } from "../init/questions.ts";
import type { Enrolment } from "./enrolment.ts";
import { applyEnrolment, diffOf, planEnrolment } from "./enrolment.ts";

/** Runs `knockctl user add`. */
export async function addUserCommand(line: CommandLine, name: string, io: Io): Promise<number> {
  expectPlace(line);
  const enrolment = await planEnrolment(line, name);
  const { device } = enrolment;
  const diff = await diffOf(enrolment);
  const isQuiet = line.given.has("json");
  if (!isQuiet && diff !== "") io.stdout(`${readable(diff)}\n`);
  if (!line.given.has("yes") && !(await confirm(enrolment, diff))) {
    io.stdout("Nothing was changed.\n");
    return 1;
  }
  const output = line.given.get("output");
  if (output !== undefined) writeSecret(output, device.text);
  const isRunning = await applyEnrolment(enrolment).catch((error: unknown) => {
    if (output !== undefined) rmSync(output, { force: true });
    throw error;
  });
  const unknownAt = isRunning ? await findGatewaysWithOtherUsers(enrolment.paths) : [];
  report(line, io, enrolment, { diff, isRunning, unknownAt });
  return 0;
}

/** A secret goes to a terminal or a file. Throws USAGE. */
function expectPlace({ given }: CommandLine): void {
  if (!given.has("yes") && !isTerminal()) throw usageError("stdin is not a terminal; use --yes");
  if (!given.has("yes") && given.has("json")) throw usageError("--json goes with --yes");
  const hasPlace = given.has("output") || given.has("lock");
  if (hasPlace || (process.stdout.isTTY === true && !given.has("json"))) return;
  throw usageError("the key of the device needs a place", "--output FILE writes it");
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

interface EnrolmentResult {
  readonly diff: string;
  readonly isRunning: boolean;
  /** Gateways of the fleet that have another users file. */
  readonly unknownAt: readonly string[];
}

function report(
  line: CommandLine,
  io: Io,
  enrolment: Enrolment,
  { diff, isRunning, unknownAt }: EnrolmentResult,
): void {
  const { name, door, key, users, paths, device, port } = enrolment;
  const { isSecret } = key;
  const output = line.given.get("output");
  const result = {
    ...{ user: name, key: key.id, door: door.name, port, config: paths.config },
    ...{ usersFile: users.file, diff, reloaded: isRunning },
    ...(output !== undefined && { output }),
    ...(unknownAt.length > 0 && { unknownAt }),
    ...(!isSecret && { link: device.text }),
    ...(device.page !== undefined && { page: device.page }),
  };
  print(line, io, result, () => {
    const reload = isRunning
      ? ""
      : "knockd does not run with this configuration, and reads it when it starts.\n";
    const names = unknownAt.map(printable).join(", ");
    const copy = `copy ${printable(users.file)} there, and run knockctl reload`;
    const fleet = names === "" ? "" : `Not known yet at ${names}: ${copy}.\n`;
    const may = `${name} may open [${printable(door.name)}] with the key ${key.id}.\n`;
    const done = `${may}${reload}${fleet}`;
    if (output !== undefined) return `${done}${printable(output)} has ${device.content}\n`;
    const once = isSecret ? `${device.warning} ${device.use}` : device.use;
    return `${done}${once}\n\n${device.text}\n\n${isSecret ? formatQr(device.qr, true) : ""}`;
  });
}
