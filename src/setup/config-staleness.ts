import { statSync } from "node:fs";
import type { Result } from "../control/methods.ts";

/** Returns whether the file of a daemon was changed after the daemon read it. */
export function isConfigStale({
  configFile,
  configReadAt,
}: Pick<Result<"status">, "configFile" | "configReadAt">): boolean {
  return configReadAt !== undefined && changedAt(configFile) > configReadAt.getTime();
}

/** When a file was written or moved to its place: milliseconds since 1970; 0 if it cannot be seen. */
function changedAt(file: string): number {
  try {
    const { mtimeMs, ctimeMs } = statSync(file);
    return Math.max(mtimeMs, ctimeMs);
  } catch {
    return 0;
  }
}
