import { chmodSync, lstatSync, mkdirSync, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { KnockError, reason } from "../base/errors.ts";

/** sizeof(sun_path) less the NUL. What is longer would be cut off without a word. */
const longestPath = 107;

/** Throws USAGE if no unix socket can have this path. */
export function checkPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > longestPath) {
    const expected = `the path of a socket has 1 to ${longestPath} bytes`;
    throw new KnockError("USAGE", `${expected}, "${path}" has ${bytes}`);
  }
}

/**
 * Makes room for a socket: its directory (mode 0750, if there is none), and without what a daemon
 * that died has left there. Throws SYSTEM if anything else is there, or a daemon that lives.
 */
export async function makeRoom(path: string): Promise<void> {
  try {
    makeDirectory(dirname(path));
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket()) throw taken(path, "there is something else that is no socket");
    if (await isAnswered(path)) {
      const hints = ["stop the other one, or give this one another ControlSocket"];
      throw taken(path, "another daemon listens there", hints);
    }
    unlinkSync(path);
  } catch (error) {
    throw error instanceof KnockError ? error : taken(path, reason(error), [], error);
  }
}

function makeDirectory(path: string): void {
  // The mode is set afterwards: whatever the umask took away is ours to give.
  if (mkdirSync(path, { recursive: true, mode: 0o750 }) !== undefined) chmodSync(path, 0o750);
  const { mode } = statSync(path);
  const openToAll = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  if (openToAll) {
    const hints = ["choose a directory that belongs to root"];
    throw new KnockError("SYSTEM", `other users may replace a socket in ${path}`, { hints });
  }
}

/** Is there a daemon behind this socket? Only a connection that is refused says no. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT");
    });
  });
}

function taken(path: string, seen: string, hints: string[] = [], cause?: unknown): KnockError {
  const options = cause === undefined ? { hints } : { hints, cause };
  return new KnockError("SYSTEM", `cannot listen on ${path}: ${seen}`, options);
}
