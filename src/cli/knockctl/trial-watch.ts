// The refused knocks of devices with a key, explained while a trial waits for its administrator.
import { KnockError } from "../../base/errors.ts";
import { printable } from "../../base/text.ts";
import type { ControlClient } from "../../control/client.ts";
import type { TrialReport } from "../../setup/watch-trial.ts";
import type { Io } from "../program.ts";
import type { CommandLine } from "./command.ts";
import { withDaemon } from "./command.ts";
import { knockWatcher } from "./user/knock-watcher.ts";

/** How long knockd watches a device at once, and when that is begun again: milliseconds. */
const watchTime = 300_000;
const renewal = 240_000;

/** As many as knockd watches at once. */
const mostDevices = 8;

export interface TrialWatchParts {
  readonly daemon: ControlClient;
  readonly line: Pick<CommandLine, "given">;
  readonly io: Io;
  /** Shows a line. */
  readonly show: (line: string) => void;
  readonly doors: TrialReport["doors"];
}

/** Runs `task`. Meanwhile shows the knocks of the devices that may open doors on trial, and why they are refused. */
export async function watchDuringTrial<T>(
  parts: TrialWatchParts,
  task: () => Promise<T>,
): Promise<T> {
  const { daemon, line, io, show, doors } = parts;
  const all = doors.flatMap(({ onTrial, devices = [] }) => (onTrial ? devices : []));
  const users = [...new Set(all)].slice(0, mostDevices);
  if (users.length === 0) return await task();
  const begin = async () => {
    for (const user of users) await daemon.ask("watchUser", { user, forMs: watchTime });
  };
  try {
    await begin();
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    io.stderr(`knockctl: warning: refused knocks by key cannot be shown: ${error.message}\n`);
    return await task();
  }
  const end = new AbortController();
  const watcher = knockWatcher(users, show, line, io);
  const renewing = setInterval(() => void begin().catch(() => {}), renewal);
  // The trial itself tells when knockd ends.
  const watching = withDaemon(line, (second) => second.watch(watcher, end.signal)).catch(() => {});
  try {
    return await task();
  } finally {
    clearInterval(renewing);
    end.abort();
    await watching;
    for (const user of users) await daemon.ask("watchUser", { user, end: true }).catch(() => {});
  }
}

/**
 * Returns what an administrator risks who is not at the console: services on trial that only keys open, and doors
 * on trial that no device opens. A sentence each.
 */
export function warnOfKeys({ services, doors }: TrialReport): string[] {
  const onTrial = doors.filter((door) => door.onTrial);
  const byKeyAlone = services.filter((service) =>
    onTrial.every(({ opens, steps }) => !opens.includes(service) || steps.length === 0),
  );
  const without = onTrial.filter(({ steps, devices }) => steps.length === 0 && !devices);
  return [
    ...without.map(({ name }) => `no device may open [${printable(name)}]: see knockctl user add`),
    ...(byKeyAlone.length === 0
      ? []
      : [
          `keys alone open ${byKeyAlone.join(", ")}: if yours, the right time or knockd is lost, only a console helps`,
        ]),
  ];
}
