// What `knockctl doctor` knows before it listens.
import { systemClock } from "../../../base/clock.ts";
import { KnockError } from "../../../base/errors.ts";
import { defaultConfigFile, defaultControlSocket } from "../../../base/paths.ts";
import type { Config } from "../../../config/config.ts";
import type { ControlClient } from "../../../control/client.ts";
import { openClient } from "../../../control/client.ts";
import type { Result } from "../../../control/methods.ts";
import type { DoorReport } from "../../../control/reports.ts";
import type { BlockedReport } from "../../../setup/blocked-services.ts";
import { reportBlockedDoors } from "../../../setup/blocked-services.ts";
import { isConfigStale } from "../../../setup/config-staleness.ts";
import type { HostSurvey } from "../../../setup/host-survey.ts";
import { surveyHost } from "../../../setup/host-survey.ts";
import { answers } from "../../../setup/running-daemon.ts";
import { findStartMethod, startCommand } from "../../../setup/service-control.ts";
import { networkNamespace } from "../../../system/namespaces.ts";
import type { Checked } from "../check.ts";
import { inspect } from "../check.ts";
import type { CommandLine } from "../command.ts";

export interface DoctorFacts {
  readonly checked: Checked;
  /** `undefined`: it cannot be used. */
  readonly config: Config | undefined;
  /** Why the file of the configuration cannot be read; `undefined` if it can. */
  readonly unreadable: string | undefined;
  readonly survey: HostSurvey;
  /** `undefined`: no daemon runs. */
  readonly daemon: DaemonFacts | undefined;
  /** What starts a daemon, as an administrator types it. */
  readonly startCommand: string;
}

/** The daemon as it is now. */
export interface DaemonFacts {
  readonly status: Result<"status">;
  readonly doors: readonly DoorReport[];
  /** Services of its doors that another firewall drops. */
  readonly blocked: readonly BlockedReport[];
  /** Its file was changed after it was read. */
  readonly isConfigStale: boolean;
  /** It sees the same packets as this process. */
  readonly isInThisNetwork: boolean;
}

/** Connects to the daemon. Returns `undefined` if none runs. Throws SYSTEM if it may not be asked. */
export async function findDaemon({
  given,
}: Pick<CommandLine, "given">): Promise<ControlClient | undefined> {
  const socket = given.get("socket") ?? defaultControlSocket;
  if (process.geteuid?.() === 0 && !(await answers(socket))) return undefined;
  return await openClient(socket, systemClock);
}

/** Finds all of it. Throws SYSTEM if the daemon does not answer. */
export async function gatherFacts(
  { given }: Pick<CommandLine, "given">,
  daemon: ControlClient | undefined,
): Promise<DoctorFacts> {
  const [facts, survey] = await Promise.all([daemon && askDaemon(daemon), surveyHost()]);
  const file = given.get("config") ?? facts?.status.configFile ?? defaultConfigFile;
  const start = startCommand(await findStartMethod(file), file);
  return { ...(await readFile(file)), survey, daemon: facts, startCommand: start };
}

async function readFile(
  file: string,
): Promise<Pick<DoctorFacts, "checked" | "config" | "unreadable">> {
  try {
    return { ...(await inspect(file)), unreadable: undefined };
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const checked = { file, usable: false, doors: 0, problems: [] };
    return { checked, config: undefined, unreadable: error.message };
  }
}

async function askDaemon(daemon: ControlClient): Promise<DaemonFacts> {
  const status = await daemon.ask("status", {});
  const doors = await daemon.ask("doors", {});
  const { networkNamespace: theirs } = status;
  return {
    status,
    doors,
    blocked: await reportBlockedDoors(doors, status),
    isConfigStale: isConfigStale(status),
    isInThisNetwork: theirs === undefined || theirs === networkNamespace(),
  };
}
