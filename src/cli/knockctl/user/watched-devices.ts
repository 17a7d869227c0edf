import { KnockError } from "../../../base/errors.ts";
import type { ControlClient } from "../../../control/client.ts";

/** How long knockd watches a device at once, and when that is begun again: milliseconds. */
const watchTime = 300_000;
const renewal = 240_000;

/** As many as knockd watches at once. */
const mostDevices = 8;

/**
 * Runs `task`. Meanwhile knockd logs why it refuses packets of these devices, of the first 8; `onFailure` gets the
 * reason if it does not for one of them.
 */
export async function whileWatched<T>(
  daemon: ControlClient,
  names: readonly string[],
  onFailure: (reason: string) => void,
  task: () => Promise<T>,
): Promise<T> {
  const users = names.slice(0, mostDevices);
  const ask = async (user: string) => {
    await daemon.ask("watchUser", { user, forMs: watchTime });
  };
  for (const user of users) {
    await ask(user).catch((error: unknown) => {
      if (!(error instanceof KnockError)) throw error;
      onFailure(error.message);
    });
  }
  const renewing = setInterval(() => {
    for (const user of users) ask(user).catch(() => {});
  }, renewal);
  try {
    return await task();
  } finally {
    clearInterval(renewing);
    for (const user of users) await daemon.ask("watchUser", { user, end: true }).catch(() => {});
  }
}
