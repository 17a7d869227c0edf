import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSea } from "node:sea";

/**
 * Returns the command that starts another program of Sesame: the executable itself with that name if it
 * is packaged (`isPackaged`), else the script beside the one that runs, with the options of Node in its first line.
 */
export function ownProgram(name: "knock" | "knockd", isPackaged: boolean = isSea()): string[] {
  // The packaged executable is all programs: its first argument names one.
  if (isPackaged) return [process.execPath, name];
  const [, script = ""] = process.argv;
  const file = join(dirname(realpathSync(script)), name);
  const [, options = ""] = /^#!.* node\b(.*)/.exec(readFileSync(file, "utf8")) ?? [];
  return [process.execPath, ...options.split(" ").filter((word) => word !== ""), file];
}
