// Node cannot fork: to go to the background the program starts itself again, waits until that one
// runs or has failed before the user's eyes, and leaves.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { isSea } from "node:sea";
import { dup2 } from "../ffi/libc.ts";

/** Tells a process that it is the one in the background. */
const mark = "SESAME_BACKGROUND";

/** The one message from the background to the foreground. */
const ready = "ready";

/** Asked once, at the start: commands must not inherit the mark. */
export function isInBackground(): boolean {
  const marked = process.env[mark] !== undefined;
  delete process.env[mark];
  return marked;
}

/** Starts this program again, in a session of its own. Fulfilled with the foreground's exit code. */
export function startInBackground(): Promise<number> {
  const [node, script = "", ...args] = process.argv;
  // In the packaged executable there is no script: the name by which it is called is in its place.
  const program = isSea()
    ? { argv0: script, args }
    : { argv0: node, args: [...process.execArgv, script, ...args] };
  const child = spawn(process.execPath, program.args, {
    argv0: program.argv0,
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, [mark]: "1" },
  });
  return new Promise((resolve, reject) => {
    child.once("message", () => resolve(0));
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", reject);
  });
}

/** The start went well: lets go of the terminal, of the current directory and of the foreground. */
export function settleInBackground(): void {
  const devNull = openSync("/dev/null", "r+");
  for (const standard of [0, 1, 2]) dup2(devNull, standard);
  closeSync(devNull);
  process.chdir("/");
  process.send?.(ready, () => process.disconnect());
}
