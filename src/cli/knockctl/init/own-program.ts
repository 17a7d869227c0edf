import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** How to start another program of ours: the one beside this one, else the one in the PATH. */
export function ownProgram(name: "knock" | "knockd"): string[] {
  const [node, script = ""] = process.argv;
  try {
    const beside = join(dirname(realpathSync(script)), name);
    if (!existsSync(beside)) return [name];
    // One executable of all three brings its own Node.
    const isScript = node !== undefined && realpathSync(beside) !== realpathSync(node);
    return isScript ? [node, beside] : [beside];
  } catch {
    return [name]; // Called by a name alone.
  }
}
