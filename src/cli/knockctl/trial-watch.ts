// The refused knocks of devices with a key, explained while a trial waits for its administrator.
import { printable } from "../../base/text.ts";
import type { ControlClient } from "../../control/client.ts";
import type { TrialReport } from "../../setup/watch-trial.ts";
import type { Io } from "../program.ts";
import { labelWords } from "../words/error.ts";
import { localize } from "../words/korean.ts";
import type { CommandLine } from "./command.ts";
import { withDaemon } from "./command.ts";
import { knockWatcher } from "./user/knock-watcher.ts";
import { whileWatched } from "./user/watched-devices.ts";

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
  const users = [...new Set(all)];
  if (users.length === 0) return await task();
  const end = new AbortController();
  const watcher = knockWatcher(users, show, line, io);
  const warn = (reason: string) => {
    const text = localize(`not all refused knocks by key are shown: ${reason}`);
    io.stderr(`knockctl: ${labelWords().warning}: ${text}\n`);
  };
  // The trial itself tells when knockd ends.
  const watching = withDaemon(line, (second) => second.watch(watcher, end.signal)).catch(() => {});
  try {
    return await whileWatched(daemon, users, warn, task);
  } finally {
    end.abort();
    await watching;
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
