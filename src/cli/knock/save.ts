import { toPlan } from "../../client/profile.ts";
import { saveProfile, usualPath } from "../../client/profile-file.ts";
import type { Io } from "../program.ts";
import type { CommandLine } from "./command-line.ts";
import type { Target } from "./target.ts";

/** Saves what the command line says under a name; nothing is sent. The exit code: 0. */
export async function save(
  { profile, command }: Target,
  line: CommandLine,
  io: Io,
): Promise<number> {
  const name = line.get("save") ?? "";
  const path = line.get("file") ?? usualPath();
  toPlan(profile, new Uint8Array());
  const then = command !== undefined && command.length > 0 && { command };
  saveProfile(path, { ...profile, name, ...then }, line.has("force"));
  if (!line.has("quiet")) io.stderr(`saved as '${name}' in ${path}\n`);
  return 0;
}
