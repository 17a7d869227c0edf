import { isErrno, KnockError } from "../base/errors.ts";
import { printableLines } from "../base/text.ts";
import { encode, formatVersion, toWire } from "../control/protocol.ts";
import { findOperand, getopt } from "./getopt.ts";
import { check } from "./knockctl/check.ts";
import { client } from "./knockctl/client.ts";
import { close } from "./knockctl/close.ts";
import type { Command } from "./knockctl/command.ts";
import { print, usageError } from "./knockctl/command.ts";
import { formatCommandHelp, formatGeneralHelp } from "./knockctl/command-help.ts";
import {
  globalOptions,
  optionsOf,
  readCommandLine,
  unknownName,
  usageLines,
} from "./knockctl/command-line.ts";
import { consoleCommand } from "./knockctl/console.ts";
import { doctor } from "./knockctl/doctor.ts";
import { doors } from "./knockctl/doors.ts";
import { extend } from "./knockctl/extend.ts";
import { fleet } from "./knockctl/fleet.ts";
import { forgive } from "./knockctl/forgive.ts";
import { guard } from "./knockctl/guard.ts";
import { history } from "./knockctl/history.ts";
import { init } from "./knockctl/init.ts";
import { invite } from "./knockctl/invite.ts";
import { leases } from "./knockctl/leases.ts";
import { migrate } from "./knockctl/migrate.ts";
import { open } from "./knockctl/open.ts";
import { protect } from "./knockctl/protect.ts";
import { reload } from "./knockctl/reload.ts";
import { replay } from "./knockctl/replay.ts";
import { rotate } from "./knockctl/rotate.ts";
import { sequence } from "./knockctl/sequence.ts";
import { status } from "./knockctl/status.ts";
import { top } from "./knockctl/top.ts";
import { undo } from "./knockctl/undo.ts";
import { unprotect } from "./knockctl/unprotect.ts";
import { user } from "./knockctl/user.ts";
import { watch } from "./knockctl/watch.ts";
import { withPermissionHint } from "./permission.ts";
import type { Io } from "./program.ts";
import { textWidth } from "./text-width.ts";
import { version } from "./version.ts";
import { messageLanguage } from "./words/catalogue.ts";
import { formatError, labelWords } from "./words/error.ts";
import { localize } from "./words/korean.ts";

const help: Command = {
  name: "help",
  group: "help",
  summary: "explain command, or list all commands",
  operands: [{ name: "COMMAND", isOptional: true }],
  description: "Explains a command, or lists all commands. Same as knockctl COMMAND --help.",
  asksDaemon: false,
  options: [],
  example: "help open",
  async run(line, io) {
    const [name] = line.operands;
    const text =
      name === undefined ? formatGeneralHelp(commands) : formatCommandHelp(findCommand(name));
    print(line, io, { text }, () => text);
    return 0;
  },
};

const versionCommand: Command = {
  name: "version",
  group: "help",
  summary: "print version",
  operands: [],
  description: "Prints the version of Sesame.",
  asksDaemon: false,
  options: [],
  example: "version",
  async run(line, io) {
    print(line, io, { release: version }, () => formatRelease());
    return 0;
  },
};

/** In the order in which the manual page explains them, and --help lists those of a group. */
export const commands: readonly Command[] = [
  init,
  undo,
  status,
  doors,
  leases,
  fleet,
  history,
  top,
  consoleCommand,
  watch,
  doctor,
  open,
  extend,
  close,
  forgive,
  reload,
  guard,
  protect,
  unprotect,
  check,
  migrate,
  replay,
  invite,
  client,
  sequence,
  rotate,
  user,
  help,
  versionCommand,
];

/** The administrator's tool. Exit codes: 0; 1 if a request was refused or failed; 2 for a wrong command line. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let command: Command | undefined;
  try {
    // Options may stand before the command: those that take an argument take it there, too.
    const at = findOperand(args, [...globalOptions, ...commands.flatMap(optionsOf)]);
    if (at < 0) return withoutCommand(args, io);
    command = findCommand(args[at] ?? "");
    const line = readCommandLine(command, args.toSpliced(at, 1), process.env);
    if (line.given.has("version")) return printVersion(io);
    if (line.given.has("help")) {
      io.stdout(formatCommandHelp(command));
      return 0;
    }
    return await command.run(line, io);
  } catch (thrown) {
    if (!(thrown instanceof KnockError)) throw thrown;
    const error = withPermissionHint(thrown, "knockctl");
    if (wantsJson(args)) {
      io.stdout(`${encode({ version: formatVersion, error: toWire(error) })}\n`);
    }
    const isMissing = error.code === "CONFIG" && isErrno(error.cause, "ENOENT");
    if (isMissing && error.hints.length === 0) {
      const hints = ["knockctl init makes a configuration"];
      throw new KnockError("SYSTEM", error.message, { cause: error, hints });
    }
    if (command?.isLocalized && messageLanguage() === "ko" && !process.env["SESAME_TRACE"]) {
      io.stderr(formatError("knockctl", error, localize, error.code === "CONFIG"));
      if (error.code === "USAGE") io.stderr(formatUsage(command, labelWords().usage));
      return error.code === "USAGE" ? 2 : 1;
    }
    const hints = error.hints.map((hint) => `knockctl: hint: ${hint}\n`).join("");
    if (error.code === "CONFIG") {
      // Problems name their file and line, as compilers do.
      io.stderr(`${printableLines(error.message)}\n${hints}`);
      return 1;
    }
    if (error.code !== "USAGE") throw error;
    io.stderr(`knockctl: error: ${error.message}\n${hints}${formatUsage(command, "usage")}`);
    return 2;
  }
}

function formatUsage(command: Command | undefined, title: string): string {
  const usages = command === undefined ? [] : usageLines(command);
  const start = `${title}:`;
  return usages
    .map((text, i) => `${i === 0 ? start : " ".repeat(textWidth(start))} ${text}\n`)
    .join("");
}

/** Returns whether --json is among the arguments, also of a command line that cannot be read. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return options.some((one) => one === "--json" || /^-[a-z]*j/.test(one));
}

function withoutCommand(args: readonly string[], io: Io): number {
  const { flags } = getopt(args, globalOptions);
  const names = flags.map(({ name }) => name);
  if (names.includes("version")) return printVersion(io);
  const isAsked = names.includes("help");
  if (!isAsked && names.includes("json")) {
    throw usageError("COMMAND is missing", "knockctl help lists the commands");
  }
  (isAsked ? io.stdout : io.stderr)(formatGeneralHelp(commands));
  return isAsked ? 0 : 2;
}

function printVersion(io: Io): number {
  io.stdout(formatRelease());
  return 0;
}

function formatRelease(): string {
  return `knockctl (Sesame ${version})\n`;
}

function findCommand(name: string): Command {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  throw unknownName(
    "command",
    name,
    commands.map((one) => one.name),
  );
}
