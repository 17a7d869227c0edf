import { findProfile, namesIn } from "../../client/host-blocks.ts";
import type { Io } from "../program.ts";
import { screenOf } from "../screen.ts";
import { formatTable } from "../table.ts";
import type { KnockCommandLine } from "./command-line.ts";
import { openProfiles } from "./target.ts";

/** Prints the names of the profiles, and their hosts. Returns the exit code 0. */
export async function list(line: KnockCommandLine, io: Io): Promise<number> {
  const { path, blocks } = await openProfiles(line, io);
  const profiles = namesIn(blocks).flatMap((name) => findProfile(name, blocks) ?? []);
  const waits = profiles.map(({ wait }) => (wait === undefined ? undefined : `tcp/${wait.port}`));
  if (line.has("json")) {
    const found = profiles.map(({ name, host }, i) => ({ name, host, wait: waits[i] }));
    io.stdout(`${JSON.stringify(found)}\n`);
  } else if (profiles.length === 0) {
    if (!line.has("quiet")) io.stderr(`no profiles in ${path}; --save makes one\n`);
  } else {
    const rows = profiles.map(({ name, host }, i) => [name, host, waits[i] ?? ""]);
    const columns = [{ title: "NAME" }, { title: "HOST" }, { title: "WAIT", yields: 1 }];
    io.stdout(formatTable(columns, rows, screenOf(io, "never", process.env)));
  }
  return 0;
}
