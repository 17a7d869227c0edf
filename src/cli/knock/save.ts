import { KnockError } from "../../base/errors.ts";
import { checkHost } from "../../client/plan.ts";
import { saveProfile, usualPath } from "../../client/profile-file.ts";
import type { Io } from "../program.ts";
import { localizeKnock } from "../words/knock-korean.ts";
import type { KnockCommandLine } from "./command-line.ts";
import type { KnockTarget } from "./target.ts";

/** The options for a single knock. */
const unsaved = ["keep", "proxy", "json"] as const;

/** Saves the command line as a profile; sends nothing. Returns the exit code 0. */
export async function save(
  { profile, command }: KnockTarget,
  line: KnockCommandLine,
  io: Io,
): Promise<number> {
  const name = line.get("save") ?? "";
  const lost = unsaved.find((option) => line.has(option));
  if (lost !== undefined) {
    throw new KnockError("USAGE", `--${lost} cannot be saved with a profile`, {
      hints: ["give it when you knock"],
    });
  }
  const path = line.get("file") ?? usualPath();
  checkHost(profile.host, profile.family ?? 0);
  const then = command !== undefined && command.length > 0 && { command };
  saveProfile(path, { ...profile, name, ...then }, line.has("force"));
  if (!line.has("quiet")) io.stderr(localizeKnock(`saved as '${name}' in ${path}\n`));
  return 0;
}
