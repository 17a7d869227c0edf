import { humanDuration } from "../../base/duration.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { LeaseReport } from "../../control/reports.ts";
import { formatTable } from "../table.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";

export const leases: Command = {
  name: "leases",
  group: "look",
  summary: "list what is open, for whom, and for how long",
  operands: [],
  description: `
    Lists what is open, for whom, and for how long.`,
  asksDaemon: true,
  options: [],
  example: "leases",
  async run(line, io) {
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
