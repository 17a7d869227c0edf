import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSea } from "node:sea";

/** How to start another program of ours: this very executable by that name, or the script beside this one. */
export function ownProgram(name: "knock" | "knockd"): string[] {
  // The packaged executable is all of them: its first argument says which.
  if (isSea()) return [process.execPath, name];
  const [, script = ""] = process.argv;
  return [process.execPath, join(dirname(realpathSync(script)), name)];
}
