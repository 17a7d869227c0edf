import { findSettings, namesIn } from "../../client/host-blocks.ts";
import { isRequested, toProfile } from "../../client/profile.ts";
import type { Io } from "../program.ts";
import { screenOf } from "../screen.ts";
import { formatTable } from "../table.ts";
import { localizeKnock } from "../words/knock-korean.ts";
import type { KnockCommandLine } from "./command-line.ts";
import { openProfiles } from "./target.ts";

/** Prints the names of the profiles, and their hosts, and which keys wait for an answer. Returns the exit code 0. */
export async function list(line: KnockCommandLine, io: Io): Promise<number> {
  const { path, blocks } = await openProfiles(line, io);
  const found = namesIn(blocks).flatMap((name) => {
    const settings = findSettings(name, blocks);
    const isPending = settings.key !== undefined && isRequested(settings);
    const profile = toProfile(settings);
    if (profile === undefined && !isPending) return [];
    const wait = settings.wait && `tcp/${settings.wait.port}`;
    return [
      {
        name,
        ...(profile && { host: profile.host, wait }),
        ...(isPending && { requested: true }),
      },
    ];
  });
  if (line.has("json")) {
    io.stdout(`${JSON.stringify(found)}\n`);
  } else if (found.length === 0) {
    if (!line.has("quiet")) io.stderr(localizeKnock(`no profiles in ${path}; --save makes one\n`));
  } else {
    const rows = found.flatMap(({ name, host, wait = "" }) =>
      host === undefined ? [] : [[name, host, wait]],
    );
    const columns = [{ title: "NAME" }, { title: "HOST" }, { title: "WAIT", yields: 1 }];
    if (rows.length > 0) io.stdout(formatTable(columns, rows, screenOf(io, "never", process.env)));
    for (const { name, requested } of found) {
      if (!requested) continue;
      io.stdout(localizeKnock(`${name}: requested; knock --import takes the answer\n`));
    }
  }
  return 0;
}
