import { humanDuration } from "../../base/duration.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { LeaseReport } from "../../control/reports.ts";
import { formatTable } from "../table.ts";
import type { Command } from "./command.ts";
import { clientOptions, clientUsage, expectOperands, print, withDaemon } from "./command.ts";

const usage = `usage: knockctl leases [options]

Lists what is open, for whom, and for how long.

${clientUsage}`;

export const leases: Command = {
  name: "leases",
  summary: "what is open, for whom, and for how long",
  usage,
  options: clientOptions,
  async run(line, io) {
    expectOperands(line, 0, 0);
    const found = await withDaemon(line, (daemon) => daemon.ask("leases", {}));
    print(line, io, found, () => formatLeases(found));
    return 0;
  },
};

export function formatLeases(found: readonly LeaseReport[]): string {
  if (found.length === 0) return "nothing is open\n";
  const columns = [
    { title: "DOOR" },
    { title: "SOURCE" },
    { title: "LEFT", align: "right" },
    { title: "SINCE" },
    { title: "KIND" },
    { title: "STATE" },
  ] as const;
  const rows = found.map(({ door, source, remaining, since, kind, state, failure }) => [
    door,
    source.toString(),
    humanDuration(remaining),
    formatLocalTime(since),
    kind,
    failure === undefined ? state : "could not be closed",
  ]);
  return formatTable(columns, rows);
}
