import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { ControlClient } from "../control/client.ts";
import { openClient } from "../control/client.ts";
import type { Result } from "../control/methods.ts";
import type { SetupPaths } from "./paths.ts";

/** Returns whether a daemon listens on this control socket. */
export async function answers(socket: string): Promise<boolean> {
  try {
    (await openClient(socket, systemClock)).close();
    return true;
  } catch {
    return false; // A caller that needs the reason connects itself.
  }
}

/** Runs `task` with a connection to the daemon at this control socket. Throws SYSTEM if there is none. */
export async function withDaemonAt<T>(
  { socket, by }: Pick<SetupPaths, "socket" | "by">,
  task: (daemon: ControlClient) => Promise<T>,
): Promise<T> {
  const daemon = await openClient(socket, systemClock, by);
  try {
    return await task(daemon);
  } finally {
    daemon.close();
  }
}

/** Runs `task` with the daemon of this configuration. Returns `undefined` if it does not run. Throws SYSTEM. */
export async function ifRunning<T>(
  paths: SetupPaths,
  task: (daemon: ControlClient) => Promise<T>,
): Promise<T | undefined> {
  if (!(await answers(paths.socket))) return undefined;
  return await withDaemonAt(paths, async (daemon) => {
    const { configFile } = await daemon.ask("status", {});
    return configFile === paths.config ? await task(daemon) : undefined;
  });
}

/** Returns the status of the daemon of this configuration, or `undefined` if none runs. Throws SYSTEM if the daemon there has another configuration. */
export async function findStatus(paths: SetupPaths): Promise<Result<"status"> | undefined> {
  const { config, socket } = paths;
  if (!(await answers(socket))) return undefined;
  const status = await withDaemonAt(paths, (daemon) => daemon.ask("status", {}));
  const { configFile } = status;
  if (configFile === config) return status;
  const hints = [`--config ${configFile} is for that one`, "--socket PATH asks another"];
  const message = `the knockd at ${socket} has another configuration: ${configFile}`;
  throw new KnockError("SYSTEM", message, { hints });
}
