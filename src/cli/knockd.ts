import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { KnockError } from "../base/errors.ts";
import { defaultConfigFile, defaultPidFile } from "../base/paths.ts";
import type { ConfigOptions } from "../config/config.ts";
import { describeConfig } from "../config/describe.ts";
import type { FindTraps, LoadedConfig } from "../config/load.ts";
import { checkConfig, loadConfig } from "../config/load.ts";
import { formatProblem, formatWithHint } from "../config/problem.ts";
import { findScanTraps } from "../config/traps/scans.ts";
import { interfaces } from "../config/values.ts";
import { isInBackground, settleInBackground, startInBackground } from "../daemon/background.ts";
import { Daemon } from "../daemon/daemon.ts";
import type { DaemonOptions } from "../daemon/daemon-options.ts";
import { decoyFacts } from "../daemon/host/facts.ts";
import { isNotified } from "../daemon/service-manager.ts";
import type { Arguments } from "./getopt.ts";
import { getopt } from "./getopt.ts";
import type { Hangups } from "./hangups.ts";
import type { HelpOption } from "./help.ts";
import { formatOptions, wrap } from "./help.ts";
import { withPermissionHint } from "./permission.ts";
import type { Io } from "./program.ts";
import { version } from "./version.ts";

/** All options. */
export const options: readonly HelpOption[] = [
  {
    short: "i",
    long: "interface",
    argument: "NAME",
    help: "listen on this interface, on several separated by commas, or on any [that of the configuration, else any]",
  },
  {
    short: "c",
    long: "config",
    argument: "FILE",
    help: `read this configuration [${defaultConfigFile}]`,
  },
  { short: "d", long: "daemon", help: "run in the background" },
  {
    short: "p",
    long: "pidfile",
    argument: "FILE",
    help: `write the process number to FILE (with -d) [${defaultPidFile}]`,
  },
  { short: "g", long: "logfile", argument: "FILE", help: "write the log to this file" },
  { short: "l", long: "lookup", help: "add the host names of sources to the log" },
  { short: "4", long: "only-ip-v4", help: "ignore IPv6" },
  { short: "t", long: "test", help: "check the configuration, list its problems, and exit" },
  { short: "v", long: "verbose", help: "show events on the terminal" },
  { short: "D", long: "debug", help: "show each packet and its effect on the terminal" },
  { long: "dry-run", help: "open nothing; show commands and openings on the terminal" },
  { short: "V", long: "version", help: "print the version" },
  { short: "h", long: "help", help: "print this text" },
];

const usageLine = "usage: knockd [options]\n";

const usage = `${usageLine}
Listen for port knocks, and open doors by the kernel or by commands.

${formatOptions(options)}
${wrap(
  "SIGHUP reloads the configuration. SIGTERM and SIGINT shut knockd down. Open doors stay open, and knockd closes them on time after its next start.",
)}
example: knockd --dry-run -c /etc/knockd.conf

exit codes: 0 success; 1 knockd could not start; 2 wrong option or SIGINT;
15 SIGTERM
`;

/** knockd's exit codes: the number of a signal; 1 if it could not start; 2 for a wrong option. */
const exitCodes = { SIGINT: 2, SIGTERM: 15 } as const;

/** The daemon's command line. Fulfilled with the exit code when the daemon has ended. */
export async function main(args: readonly string[], io: Io, hangups: Hangups): Promise<number> {
  let line: Arguments;
  try {
    line = getopt(args, options);
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const hints = error.hints.map((hint) => `knockd: hint: ${hint}\n`);
    io.stderr(`knockd: ${error.message}\n${hints.join("")}${usageLine}`);
    return 2;
  }
  // The last value of a repeated option counts, as with getopt.
  const given = new Map(line.flags.map(({ name, value = "" }) => [name, value]));
  if (given.has("help")) {
    io.stdout(usage);
    return 0;
  }
  if (given.has("version")) {
    io.stdout(`knockd 0.8 (Sesame ${version})\n`);
    return 0;
  }
  // knockd 0.8 ignores them without a word.
  for (const word of line.operands) io.stderr(`knockd: warning: "${word}" is ignored\n`);
  try {
    return await run(given, io, hangups);
  } catch (thrown) {
    if (!(thrown instanceof KnockError)) throw thrown;
    const error = withPermissionHint(thrown, "knockd");
    if (error.code === "USAGE") {
      io.stderr(`knockd: ${error.message}\n`);
      return 2;
    }
    if (error.code !== "CONFIG") throw error;
    // Problems name their file and line, as compilers do.
    const hints = error.hints.map((hint) => `knockd: hint: ${hint}\n`);
    io.stderr(`${error.message}\n${hints.join("")}`);
    return 1;
  }
}

/** pidof, killall and ps -C find a process by this name, not by its arguments. */
function nameProcess(): void {
  try {
    writeFileSync("/proc/self/comm", "knockd");
  } catch {
    // Without /proc those programs do not work either.
  }
}

async function run(given: ReadonlyMap<string, string>, io: Io, hangups: Hangups): Promise<number> {
  const configFile = resolve(given.get("config") ?? defaultConfigFile);
  const background = isInBackground();
  const overrides = readOverrides(given);
  // Relative paths are relative to the directory of the start, also after -d has left it.
  const directory = process.cwd();
  const findTraps: FindTraps = (config, sections) => findScanTraps(config, sections, decoyFacts);
  if (given.has("test")) {
    return test(configFile, loadConfig(configFile, directory, findTraps), io);
  }
  const detach = given.has("daemon") && (background || !isNotified());
  if (given.has("daemon") && !detach) {
    io.stderr(
      "knockd: warning: -d is ignored: the service manager follows this process; remove -d from its options\n",
    );
  }
  if (detach && !background) {
    if (given.has("verbose") || given.has("debug")) {
      io.stderr(
        "knockd: warning: with -d nothing is shown on the terminal: -v and -D say nothing\n",
      );
    }
    return startInBackground();
  }
  nameProcess();
  const debug = given.has("debug");
  const dryRun = given.has("dry-run");
  const daemonOptions: DaemonOptions = {
    configFile,
    check: (bytes) => {
      const { config, warnings } = checkConfig(configFile, bytes, directory, findTraps);
      if (debug) for (const line of describeConfig(config)) io.stdout(`${line}\n`);
      return {
        config: { ...config, options: { ...config.options, ...overrides } },
        warnings: [
          ...warnings.map((problem) => formatProblem(configFile, problem)),
          ...overruled(config.options, overrides),
        ],
      };
    },
    terminal: { ...io, verbose: given.has("verbose") || dryRun, debug },
    pidFile: given.has("daemon") ? resolve(given.get("pidfile") ?? defaultPidFile) : undefined,
    lookUp: given.has("lookup"),
    onlyIpv4: given.has("only-ip-v4"),
    dryRun,
    version,
  };
  const start = async () => {
    const daemon = await Daemon.start(daemonOptions);
    if (detach) settleInBackground();
    return daemon;
  };
  return untilStopped(start, hangups);
}

/** Catches signals before the start is visible, and holds them until it is complete. */
function untilStopped(start: () => Promise<Daemon>, hangups: Hangups): Promise<number> {
  return new Promise((resolve, reject) => {
    const starting = Promise.resolve().then(start);
    starting.catch(reject);
    hangups.listen(() => void starting.then((daemon) => daemon.reload()).catch(reject));
    const hurry = new AbortController();
    let stopping: Promise<void> | undefined;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        // A second signal does not wait for commands.
        if (stopping !== undefined) hurry.abort();
        stopping ??= starting.then((daemon) => daemon.stop(hurry.signal));
        stopping.then(() => resolve(exitCodes[signal]), reject);
      });
    }
  });
}

function test(file: string, { warnings }: LoadedConfig, io: Io): number {
  for (const warning of warnings) io.stderr(`${formatWithHint(file, warning)}\n`);
  io.stdout(`${file}: configuration OK\n`);
  return 0;
}

/** Options as the command line gives them. */
type Overrides = { -readonly [Key in keyof ConfigOptions]?: ConfigOptions[Key] };

/** Returns the options of the command line, which override the file. Throws USAGE. */
function readOverrides(given: ReadonlyMap<string, string>): Overrides {
  const overrides: Overrides = {};
  const names = given.get("interface");
  const logFile = given.get("logfile");
  const pidFile = given.get("pidfile");
  if (names !== undefined) {
    const parsed = interfaces(names);
    if ("problem" in parsed) throw new KnockError("USAGE", `-i: ${parsed.problem}`);
    overrides.interfaces = parsed.value;
  }
  if (logFile !== undefined) overrides.logFile = resolve(logFile);
  if (pidFile !== undefined) overrides.pidFile = resolve(pidFile);
  return overrides;
}

/** Warns where knockd 0.8 would use the file: there it wins over -g and -p. */
function overruled(options: ConfigOptions, overrides: Overrides): string[] {
  const directives = { interfaces: "Interface", logFile: "LogFile", pidFile: "PidFile" } as const;
  return (Object.keys(directives) as (keyof typeof directives)[])
    .filter((key) => key in overrides && options[key] !== undefined)
    .filter((key) => String(options[key]) !== String(overrides[key]))
    .map((key) => `warning: the command line wins over ${directives[key]} = ${options[key]}`);
}
