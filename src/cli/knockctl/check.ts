import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { defaultConfigFile } from "../../base/paths.ts";
import { formatService, uniqueServices } from "../../base/service.ts";
import { plural, printable, printableLines } from "../../base/text.ts";
import type { Config } from "../../config/config.ts";
import { openedServices, protectedServices } from "../../config/config.ts";
import { repair } from "../../config/edit/repair.ts";
import { readConfig } from "../../config/load.ts";
import type { Problem } from "../../config/problem.ts";
import { formatWithHint } from "../../config/problem.ts";
import { warnAt } from "../../config/traps/door-commands.ts";
import { findHostTraps } from "../../config/traps/host.ts";
import { findMachineTraps } from "../../config/traps/machine.ts";
import { findPairTraps } from "../../config/traps/pairs.ts";
import type { RootNeed } from "../../config/traps/root-needs.ts";
import { findRootNeeds } from "../../config/traps/root-needs.ts";
import { findScanTraps } from "../../config/traps/scans.ts";
import type { NamedKernelDoor } from "../../daemon/configured-kernel-doors.ts";
import { nativeKernelDoors } from "../../daemon/configured-kernel-doors.ts";
import { decoyFacts, thisHost } from "../../daemon/host/facts.ts";
import { thisMachine } from "../../daemon/host/machine.ts";
import { reportBlocked } from "../../setup/blocked-services.ts";
import { findMissingRoot, rootHint } from "../../setup/service-user.ts";
import type { CheckedFleet } from "./check-fleet.ts";
import { checkFleet, formatCheckedFleet } from "./check-fleet.ts";
import type { CheckedUsers } from "./check-users.ts";
import { checkUsers, formatUsers } from "./check-users.ts";
import type { Command } from "./command.ts";
import { print } from "./command.ts";
import { describeKernelDoor } from "./kernel-doors.ts";

/** What was found in a file. */
export interface Checked {
  readonly file: string;
  /** knockd would start with it. */
  readonly usable: boolean;
  /** How many doors it has; 0 if it cannot be used. */
  readonly doors: number;
  /** In the order of their lines. */
  readonly problems: readonly Problem[];
  /** What only a knockd of root can do: `door 'ssh' runs a command`. */
  readonly needsRoot?: readonly string[];
  /** Whether the kernel opens the native doors by itself where their services are protected. */
  readonly kernelDoors?: readonly NamedKernelDoor[];
  /** The users file; absent where no door has users. */
  readonly users?: CheckedUsers;
  /** The fleet file; absent without a fleet. */
  readonly fleet?: CheckedFleet;
}

export const check: Command = {
  name: "check",
  group: "files",
  summary: "list errors and likely mistakes of configuration",
  operands: [{ name: "FILE", usual: defaultConfigFile }],
  description: `
    Lists the errors and likely mistakes of a configuration [${defaultConfigFile}]. Also lists
    conflicts with the present state of this machine: ports of a sequence on which a program
    listens, used-up lists of one-time sequences, services that another firewall blocks, IPv6
    without commands for it, and users, programs, interfaces and directories that do not exist.
    If doors have users, checks the users file, too. With Fleet, checks the fleet file. Needs no
    running knockd. If knockd cannot use one of the files, exits with 1.`,
  asksDaemon: false,
  options: [{ long: "strict", help: "exit with 2 if there are warnings" }],
  example: "check --strict /etc/knockd.conf",
  async run(line, io) {
    const [file = ""] = line.operands;
    const { checked, config } = await inspect(file);
    const { usable, problems, users, fleet } = checked;
    // A compiler's place for them, also beside JSON's.
    const texts = [
      ...problems.map((problem) => formatWithHint(file, problem)),
      ...(users?.problems ?? []),
      ...(fleet?.problems ?? []),
    ].map(printableLines);
    if (!line.given.has("json")) for (const text of texts) io.stderr(`${text}\n`);
    print(line, io, checked, () => format(checked, config));
    if (!line.given.has("json") && canRepair(file)) {
      const command = `knockctl migrate --repair --write ${printable(file)}`;
      io.stderr(`knockctl: hint: ${command} writes plain characters\n`);
    }
    if (!usable || users?.usable === false || fleet?.usable === false) return 1;
    return line.given.has("strict") && texts.length > 0 ? 2 : 0;
  },
};

/** Returns whether a word processor or a web page has changed characters that `migrate --repair` can write plain. */
function canRepair(file: string): boolean {
  const bytes = readFileSync(file);
  return isUtf8(bytes) && repair(bytes.toString()).repairs.length > 0;
}

/** A file, what was found in it, and the configuration if it can be used. */
export interface InspectedConfig {
  readonly checked: Checked;
  readonly config: Config | undefined;
}

/** Checks a configuration on this machine. Throws CONFIG if it cannot be read. */
export async function inspect(file: string): Promise<InspectedConfig> {
  const parsed = readConfig(file, process.cwd());
  const { config, problems, doorSections } = parsed;
  if (config === undefined) {
    return { checked: { file, usable: false, doors: 0, problems }, config };
  }
  const blocked = await reportBlocked(
    uniqueServices(config.doors.flatMap(openedServices)),
    protectedServices(config.doors).map(formatService),
  );
  const host = thisHost(new Map(blocked.map((one) => [one.service, one])));
  const all = [
    ...problems,
    ...findScanTraps(config, doorSections, decoyFacts),
    ...findHostTraps(config, doorSections, host),
    ...findMachineTraps(config, parsed, thisMachine()),
    ...findPairTraps(config, doorSections),
    ...findMissingRoot(file, config, parsed).map(missingRoot),
  ];
  all.sort((a, b) => a.line - b.line || a.column - b.column);
  const kernelDoors = nativeKernelDoors(config);
  const users = await checkUsers(config);
  const fleet = await checkFleet(config);
  const needsRoot = findRootNeeds(config, parsed).map(({ reason }) => reason);
  const more = {
    needsRoot,
    ...(kernelDoors.length > 0 && { kernelDoors }),
    ...(users && { users }),
    ...(fleet && { fleet }),
  };
  const checked = { file, usable: true, doors: config.doors.length, problems: all, ...more };
  return { checked, config };
}

function missingRoot({ directive, reason }: RootNeed): Problem {
  const message = `${reason}, but knockd.service runs without root`;
  if (directive !== undefined) return warnAt(directive, 0, message, rootHint);
  return { severity: "warning", line: 1, column: 1, message, hint: rootHint };
}

function format(
  { file, doors, problems, kernelDoors = [], users, fleet }: Checked,
  config: Config | undefined,
): string {
  if (config === undefined) return `${printable(file)}: cannot be used\n`;
  const warnings = problems.length === 0 ? "" : `, ${plural(problems.length, "warning")}`;
  const isProtecting = protectedServices(config.doors).length > 0;
  const kernel = kernelDoors.map((door) => `${describeKernelDoor(door, isProtecting)}\n`);
  return [
    `${printable(file)}: configuration OK, ${plural(doors, "door")}${warnings}\n`,
    ...kernel,
    users === undefined ? "" : formatUsers(users),
    fleet === undefined ? "" : formatCheckedFleet(fleet),
  ].join("");
}
