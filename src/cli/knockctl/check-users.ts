import { systemClock } from "../../base/clock.ts";
import { KnockError } from "../../base/errors.ts";
import { plural, printable } from "../../base/text.ts";
import type { Config } from "../../config/config.ts";
import { formatWithHint } from "../../config/problem.ts";
import { findUserTraps } from "../../config/traps/users.ts";
import type { Device } from "../../config/users.ts";
import { parseUsers } from "../../config/users.ts";
import { readUsersFile } from "../../daemon/state/users-file.ts";
import { stateOwner } from "../../system/state-files.ts";

/** What was found in the users file of a configuration. */
export interface CheckedUsers {
  readonly file: string;
  /** A reload takes it. */
  readonly usable: boolean;
  readonly devices: number;
  /** Lines with file and place. */
  readonly problems: readonly string[];
}

/** Reads the users file of a configuration; none where no door has users. */
export async function checkUsers(config: Config): Promise<CheckedUsers | undefined> {
  const { options, doors } = config;
  if (doors.every(({ users }) => users.length === 0)) return undefined;
  const file = options.usersFile;
  try {
    const bytes = await readUsersFile(file, stateOwner(options.stateDir));
    const { devices, problems } = parseUsers(Buffer.from(bytes).toString());
    const texts = problems.map((problem) => formatWithHint(file, problem));
    const traps = findUserTraps(config, devices, systemClock.wall());
    const warnings = traps.map((text) => `${file}: warning: ${text}`);
    return {
      ...{ file, usable: problems.length === 0, devices: devices.length },
      problems: [...texts, ...warnings],
    };
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return { file, usable: false, devices: 0, problems: [error.message] };
  }
}

/** Returns the devices of the users file of a configuration; none where it cannot be read. */
export async function readDevices({ options, doors }: Config): Promise<readonly Device[]> {
  if (doors.every(({ users }) => users.length === 0)) return [];
  try {
    const bytes = await readUsersFile(options.usersFile, stateOwner(options.stateDir));
    return parseUsers(Buffer.from(bytes).toString()).devices;
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    return [];
  }
}

/** Returns the line about it, for people. */
export function formatUsers({ file, usable, devices, problems }: CheckedUsers): string {
  if (!usable) return `${printable(file)}: cannot be used: a reload refuses it\n`;
  const warnings = problems.length === 0 ? "" : `, ${plural(problems.length, "warning")}`;
  return `${printable(file)}: users OK, ${plural(devices, "device")}${warnings}\n`;
}
