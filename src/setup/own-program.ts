import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSea } from "node:sea";

/**
 * Returns the command that starts another program of Sesame: the executable itself with that name if it
 * is packaged (`isPackaged`), else the script beside the one that runs.
 */
export function ownProgram(name: "knock" | "knockd", isPackaged: boolean = isSea()): string[] {
  // The packaged executable is all programs: its first argument names one.
  if (isPackaged) return [process.execPath, name];
  const [, script = ""] = process.argv;
  return [process.execPath, join(dirname(realpathSync(script)), name)];
}
