import { humanDuration, parseDuration } from "../../base/duration.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import type { Principal } from "../../base/principals.ts";
import { isAmongUsers } from "../../base/principals.ts";
import type { Config, DoorConfig } from "../../config/config.ts";
import { fixedSteps } from "../../config/config.ts";
import type { ControlClient } from "../../control/client.ts";
import type { Io } from "../program.ts";
import { readDevices } from "./check-users.ts";
import type { Command, CommandLine } from "./command.ts";
import { nobodyReads, print, readAddress, readLength, screenFor } from "./command.ts";
import { DoctorDisplay } from "./doctor/display.ts";
import type { DoctorFacts } from "./doctor/facts.ts";
import { findDaemon, gatherFacts } from "./doctor/facts.ts";
import type { DoctorQuestion } from "./doctor/findings.ts";
import { findFaults } from "./doctor/findings.ts";
import { jsonReport } from "./doctor/json.ts";
import { formatFacts, formatInvitation, formatVerdict } from "./doctor/output.ts";
import type { SessionResult } from "./doctor/session.ts";
import { judge, knockLines } from "./doctor/verdict.ts";
import { findDoor } from "./door-operand.ts";
import { interruption } from "./interruption.ts";
import { sshConnection } from "./ssh-connection.ts";
import { guessHost, readHostName } from "./trial.ts";
import { typed } from "./typed.ts";

/** How long it listens: milliseconds. */
const usualTime = 60_000;

/** Doors whose commands are shown if none was named. */
const mostDoors = 5;

/** As of `knockctl status`. */
const problemsFound = 3;

export const doctor: Command = {
  name: "doctor",
  group: "look",
  summary: "find out why knock does not open door",
  operands: [{ name: "DOOR", isOptional: true }],
  description: `
    Checks the configuration, the daemon and this machine: other firewalls, interfaces, the
    clock, the kernel. Then shows the packets of your knock step by step, and names a step that
    is missing, late or in the wrong order. Ends when a knock is complete, after 60 seconds, or
    with Ctrl-C. Then prints a verdict and the next step.

    Restarts nothing. Without --dry-run, a complete knock opens its door. Without a running
    knockd, only shows what the knock would do. Shows the sequence of a door on a terminal, or
    if DOOR is given.`,
  asksDaemon: true,
  options: [
    { long: "dry-run", help: "let the knock open nothing while this command listens" },
    { long: "time", argument: "TIME", help: "listen for TIME; with 0, do not listen [60s]" },
    { long: "address", argument: "A", help: "show only the packets of this address" },
    { long: "host", argument: "NAME", help: "name this server as the client does, in the text" },
    {
      long: "config",
      argument: "FILE",
      help: `use this configuration [the daemon's, or ${defaultConfigFile}]`,
    },
  ],
  notes: `
    If it finds a problem, or no knock was complete, exits with 3.`,
  example: "doctor ssh",
  isLocalized: true,
  async run(line, io) {
    const request = readRequest(line);
    const daemon = await findDaemon(line);
    try {
      return await examine(request, daemon, { line, io });
    } finally {
      daemon?.close();
    }
  },
};

interface DoctorRequest extends DoctorQuestion {
  readonly host: string;
  /** Milliseconds; 0: not at all. */
  readonly time: number;
  readonly isDry: boolean;
  /** Whether `source` alone counts. */
  readonly isStrict: boolean;
}

function readRequest(line: CommandLine): DoctorRequest {
  const { given, operands } = line;
  const [address, time, host] = [given.get("address"), given.get("time"), given.get("host")];
  const isZero = time !== undefined && parseDuration(time) === 0;
  return {
    door: operands[0],
    source: address === undefined ? sshConnection()?.client.address : readAddress(address),
    isStrict: address !== undefined,
    typed: (command) => typed(command, line),
    host: host === undefined ? guessHost() : readHostName(host),
    time: isZero ? 0 : time === undefined ? usualTime : readLength(time),
    isDry: given.has("dry-run"),
  };
}

interface DoctorOutput {
  readonly line: CommandLine;
  readonly io: Io;
}

async function examine(
  request: DoctorRequest,
  daemon: ControlClient | undefined,
  output: DoctorOutput,
): Promise<number> {
  const { line, io } = output;
  const facts = await gatherFacts(line, daemon);
  const doors = chooseDoors(facts.config, request.door);
  const findings = findFaults(facts, request);
  const isJson = line.given.has("json");
  const screen = screenFor(line, io);
  if (!isJson) io.stdout(formatFacts(facts, findings, screen));
  const { config } = facts;
  const canListen = config !== undefined && facts.daemon?.isInThisNetwork !== false;
  const session =
    request.time > 0 && canListen
      ? await listen({ request, facts, config, daemon }, doors, output)
      : undefined;
  const isShared = request.door === undefined && (isJson || io.terminal === undefined);
  const sequences = (isShared ? [] : doors).map(fixedSteps).filter((steps) => steps.length > 0);
  const { host, isDry } = request;
  const interfaces = config?.options.interfaces;
  const { typed } = request;
  const verdict = judge({
    ...{ facts, findings, question: request, session, sequences },
    ...{ host, isDry, interfaces, typed },
  });
  print(line, io, jsonReport({ facts, findings, session, verdict }), () =>
    formatVerdict(verdict, screen),
  );
  return verdict.isGood ? 0 : problemsFound;
}

/** Returns the door of this name, or all. Throws SYSTEM. */
function chooseDoors(config: Config | undefined, name: string | undefined): readonly DoorConfig[] {
  if (config === undefined) return [];
  return name === undefined ? config.doors : [findDoor(config, name)];
}

interface ListenParts {
  readonly request: DoctorRequest;
  readonly facts: DoctorFacts;
  readonly config: Config;
  readonly daemon: ControlClient | undefined;
}

async function listen(
  { request, facts, config, daemon }: ListenParts,
  doors: readonly DoorConfig[],
  { line, io }: DoctorOutput,
): Promise<SessionResult> {
  const { door, source, time, isDry, isStrict, host, typed } = request;
  const isJson = line.given.has("json");
  const screen = screenFor(line, io);
  const devices = keyDevices(doors, await readDevices(config));
  const display = new DoctorDisplay(isJson ? { stdout: () => {}, stderr: io.stderr } : io, screen, {
    host,
    interfaces: config.options.interfaces,
    knockPorts: config.options.knockPorts,
    typed,
  });
  // A sequence is a secret: a file or a pipe gets that of the door that was named, and of no other.
  const isShared = door === undefined && io.terminal === undefined;
  // What loads the capture is of no use to the other commands.
  const { listenForKnock } = await import("./doctor/session.ts");
  if (isDry)
    await daemon?.ask("rehearse", { ...(source && { address: source }), forMs: time + 10_000 });
  try {
    if (!isJson) {
      io.stdout(
        formatInvitation(
          [
            ...(isShared ? [] : invitedDoors(doors, host)),
            // NAME is the profile of the device: knock --list.
            ...(devices.length === 0 ? [] : ["knock NAME"]),
          ],
          {
            seconds: humanDuration(time),
            dry: describeDryRun(request, facts),
          },
          screen,
        ),
      );
    }
    return await listenForKnock({
      ...{ config, daemon, door, devices, time, isDry, display },
      source: isStrict || isDry ? source : undefined,
      signal: AbortSignal.any([nobodyReads, interruption()]),
    });
  } finally {
    display.end();
    if (isDry) await daemon?.ask("rehearse", { end: true }).catch(() => {});
  }
}

/** Returns the devices whose keys open one of these doors, disabled ones, too. */
function keyDevices(doors: readonly DoorConfig[], devices: readonly Principal[]): string[] {
  return devices
    .filter((device) => doors.some(({ users }) => isAmongUsers(users, device)))
    .map(({ name }) => name);
}

function invitedDoors(doors: readonly DoorConfig[], host: string): string[] {
  const fixed = doors.map((door) => ({ name: door.name, sequence: fixedSteps(door) }));
  return knockLines(fixed.filter(({ sequence }) => sequence.length > 0).slice(0, mostDoors), host);
}

function describeDryRun(
  { isDry, source }: DoctorRequest,
  { daemon }: DoctorFacts,
): string | undefined {
  if (daemon === undefined) return "knockd does not run: nothing will open.";
  if (!isDry) return undefined;
  return source === undefined
    ? "Dry run: until this command ends, no knock opens anything."
    : `Dry run: until this command ends, knocks of ${source} open nothing.`;
}
