import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { isErrno } from "../../base/errors.ts";
import { defaultConfigFile, defaultControlSocket } from "../../base/paths.ts";
import { formatService } from "../../base/service.ts";
import { printable } from "../../base/text.ts";
import type { ConfigOptions } from "../../config/config.ts";
import { openClient } from "../../control/client.ts";
import type { LenientConfig } from "../../setup/lenient-config.ts";
import { readLenient } from "../../setup/lenient-config.ts";
import type { Io } from "../program.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, withDaemon } from "./command.ts";
import { formatProtection } from "./protect.ts";

export const unprotect: Command = {
  name: "unprotect",
  group: "begin",
  summary: "let all sources reach protected services",
  operands: [],
  description: `
    Removes all protection: all sources reach the services again, also those that "knockctl
    guard" protected. "knockctl protect" and "knockctl guard" protect again. At its next start,
    knockd protects the services of its configuration. root can run unprotect without knockd,
    too.`,
  asksDaemon: true,
  options: [
    {
      long: "config",
      argument: "FILE",
      help: `use this configuration if knockd does not run [${defaultConfigFile}]`,
    },
  ],
  example: "unprotect",
  async run(line, io) {
    const configFile = resolve(line.given.get("config") ?? defaultConfigFile);
    const found = readLenient(configFile);
    const socket = await findDaemon(line, found.options);
    if (socket === undefined) {
      await withoutDaemon(line, io, configFile, found);
      for (const doubt of found.doubts) io.stderr(`knockctl: warning: ${printable(doubt)}\n`);
      return found.options === undefined ? 1 : 0;
    }
    const there = { ...line, given: new Map([...line.given, ["socket", socket]]) };
    const { before, result } = await withDaemon(there, async (daemon) => ({
      before: (await daemon.ask("status", {})).firewall,
      result: await daemon.ask("unprotect", {}),
    }));
    const were = new Set([...before.protects, ...(before.trial?.services ?? [])]);
    const unprotected = [...were].filter((service) => !result.services.includes(service));
    print(line, io, { ...result, unprotected }, () => {
      const reached = `${unprotected.join(", ")}: knockd lets all sources through again\n`;
      return `${unprotected.length === 0 ? "" : reached}${formatProtection(result)}`;
    });
    return 0;
  },
};

/** Returns the socket on which the daemon listens, or `undefined` if none runs. Throws SYSTEM if it refuses the connection. */
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

/** The socket does not exist, or no process listens there. */
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
  // Loaded on demand: it loads native code, which no other command needs.
  const { unprotectOffline } = await import("../../setup/unprotect-offline.ts");
  const { table, hadRules, oldTable, bootFile, protectsAgain } = await unprotectOffline(
    configFile,
    found,
  );
  const again = protectsAgain.map(formatService);
  const what = hadRules
    ? `the rules of table inet ${table} were removed without it`
    : `the kernel has no rules in a table inet ${table}`;
  print(line, io, { services: [], table, oldTable, bootFile, protectsAgain: again }, () =>
    [
      `knockd is not running: ${what}\n`,
      ...(oldTable === undefined
        ? []
        : [`table inet ${oldTable} of an earlier configuration was removed, too\n`]),
      ...(bootFile === undefined ? [] : [`${printable(bootFile)} was removed, too\n`]),
      formatProtection({ services: [] }),
      ...(again.length === 0
        ? []
        : [`knockd will protect ${again.join(", ")} again when it starts: "protect = yes"\n`]),
    ].join(""),
  );
}
