import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { isErrno, KnockError } from "../../base/errors.ts";
import { defaultConfigFile, defaultControlSocket } from "../../base/paths.ts";
import { formatService } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import type { ConfigOptions, DoorConfig } from "../../config/config.ts";
import { readConfig } from "../../config/load.ts";
import { openClient } from "../../control/client.ts";
import type { Io } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import { clientOptions, clientUsage, expectOperands, print, withDaemon } from "./command.ts";
import { formatProtection } from "./protect.ts";

const usage = `usage: knockctl unprotect [options]

Lets everybody reach the protected services again, also those that "knockctl guard" protected.
It stays so until "knockctl protect" or "knockctl guard"; the next start of knockd protects
what its configuration protects. Works without knockd, too, for root.

  --config FILE  without knockd: the configuration that it would have
                 (default: ${defaultConfigFile})
${clientUsage}`;

export const unprotect: Command = {
  name: "unprotect",
  summary: "let everybody reach the protected services",
  usage,
  options: [{ long: "config", argument: "FILE" }, ...clientOptions],
  async run(line, io) {
    expectOperands(line, 0, 0);
    const configFile = resolve(line.given.get("config") ?? defaultConfigFile);
    const found = readLenient(configFile);
    const socket = await findDaemon(line, found.options);
    if (socket === undefined) {
      await withoutDaemon(line, io, configFile, found);
      for (const doubt of found.doubts) io.stderr(`knockctl: warning: ${printable(doubt)}\n`);
      return found.options === undefined ? 1 : 0;
    }
    const there = { ...line, given: new Map([...line.given, ["socket", socket]]) };
    const result = await withDaemon(there, (daemon) => daemon.ask("unprotect", {}));
    print(line, io, result, () => formatProtection(result));
    return 0;
  },
};

/** What could be read of a configuration, and what cannot be known therefore. */
interface LenientConfig {
  readonly options?: ConfigOptions;
  readonly doors?: readonly DoorConfig[];
  readonly doubts: readonly string[];
}

/** Whoever is locked out must not have to mend a configuration with problems first. */
function readLenient(file: string): LenientConfig {
  try {
    const { config, options } = readConfig(file, process.cwd());
    if (config !== undefined) return { ...config, doubts: [] };
    const doubt = `${file} has problems: Table and StateDir are what could be read of it, and what knockd will protect is not known`;
    return { options, doubts: [doubt] };
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const doubt = `its Table and StateDir are not known: there may be another table that protects, and rules for the next boot`;
    return { doubts: [error.message, doubt] };
  }
}

/** The socket on which the daemon listens; undefined if none runs. Throws SYSTEM if it may not be asked. */
async function findDaemon(
  { given }: CommandLine,
  options: ConfigOptions | undefined,
): Promise<string | undefined> {
  const socket = given.get("socket") ?? options?.controlSocket ?? defaultControlSocket;
  try {
    (await openClient(socket, systemClock)).close();
    return socket;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** There is no socket, or nobody listens there. */
function isAbsence(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isErrno(cause, "ENOENT") || isErrno(cause, "ECONNREFUSED");
}

async function withoutDaemon(
  line: CommandLine,
  io: Io,
  configFile: string,
  found: LenientConfig,
): Promise<void> {
  // Only now: it brings native code along, which no other command of an administrator's needs.
  const { liftWithoutDaemon } = await import("../../setup/unprotect-offline.ts");
  const { table, bootFile, protectsAgain } = await liftWithoutDaemon(configFile, found);
  const again = protectsAgain.map(formatService);
  print(line, io, { services: [], table, bootFile, protectsAgain: again }, () =>
    [
      `knockd is not running: the rules of table inet ${table} were removed without it\n`,
      ...(bootFile === undefined ? [] : [`${printable(bootFile)} was removed, too\n`]),
      formatProtection({ services: [] }),
      ...(again.length === 0
        ? []
        : [`knockd will protect ${again.join(", ")} again when it starts: "protect = yes"\n`]),
    ].join(""),
  );
}
