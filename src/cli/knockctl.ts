import { KnockError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { printableLines } from "../base/text.ts";
import { getopt } from "./getopt.ts";
import { check } from "./knockctl/check.ts";
import { close } from "./knockctl/close.ts";
import type { Command } from "./knockctl/command.ts";
import { usageError } from "./knockctl/command.ts";
import { doors } from "./knockctl/doors.ts";
import { extend } from "./knockctl/extend.ts";
import { guard } from "./knockctl/guard.ts";
import { init } from "./knockctl/init.ts";
import { invite } from "./knockctl/invite.ts";
import { leases } from "./knockctl/leases.ts";
import { migrate } from "./knockctl/migrate.ts";
import { open } from "./knockctl/open.ts";
import { protect } from "./knockctl/protect.ts";
import { reload } from "./knockctl/reload.ts";
import { replay } from "./knockctl/replay.ts";
import { status } from "./knockctl/status.ts";
import { undo } from "./knockctl/undo.ts";
import { unprotect } from "./knockctl/unprotect.ts";
import { watch } from "./knockctl/watch.ts";
import type { Io } from "./program.ts";
import { formatList } from "./table.ts";
import { version } from "./version.ts";

/** In the order in which --help lists them. */
export const commands: readonly Command[] = [
  init,
  undo,
  status,
  doors,
  leases,
  watch,
  open,
  extend,
  close,
  reload,
  guard,
  protect,
  unprotect,
  check,
  migrate,
  replay,
  invite,
];

const usage = `usage: knockctl COMMAND [options]

Manage a running knockd and validate its configuration.

${formatList(commands.map(({ name, summary }) => [`  ${name}`, summary]))}
Run knockctl COMMAND --help for its options.
`;

/** The administrator's tool. Exit codes: 0; 1 if a request was refused or failed; 2 for a wrong command line. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    return await run(args, io);
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    if (error.code === "CONFIG") {
      // Problems name their file and line, as compilers do.
      io.stderr(`${printableLines(error.message)}\n`);
      return 1;
    }
    if (error.code !== "USAGE") throw error;
    const hints = error.hints.map((hint) => `knockctl: hint: ${hint}\n`);
    io.stderr(`knockctl: error: ${error.message}\n${hints.join("")}`);
    return 2;
  }
}

async function run([name, ...args]: readonly string[], io: Io): Promise<number> {
  if (name === undefined) {
    io.stderr(usage);
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    io.stdout(usage);
    return 0;
  }
  if (name === "--version" || name === "-V") {
    io.stdout(`knockctl (Sesame ${version})\n`);
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw unknown(name);
  const { flags, operands } = getopt(args, [...command.options, { short: "h", long: "help" }]);
  const isMany = (name: string) => command.options.some(({ long, many }) => long === name && many);
  const given = new Map<string, string>();
  for (const { name, value = "" } of flags) {
    const before = given.get(name);
    // The last value of a repeated option counts, as with getopt.
    given.set(name, before !== undefined && isMany(name) ? `${before},${value}` : value);
  }
  if (given.has("help")) {
    io.stdout(command.usage);
    return 0;
  }
  return command.run({ given, operands }, io);
}

function unknown(name: string): KnockError {
  if (name.startsWith("-")) return usageError("the command comes first, then the options");
  const near = nearest(
    name,
    commands.map((command) => command.name),
  );
  const hint = near === undefined ? "knockctl --help lists them" : `did you mean "${near}"?`;
  return new KnockError("USAGE", `there is no command "${name}"`, { hints: [hint] });
}
