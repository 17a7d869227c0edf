import { humanDuration } from "../../base/duration.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { LeaseReport } from "../../control/reports.ts";
import type { Screen } from "../screen.ts";
import { formatTable } from "../table.ts";
import type { Command } from "./command.ts";
import { print, withDaemon } from "./command.ts";
import { countUntracked, selectDoors } from "./doors.ts";
import { listFleetLeases } from "./fleet/leases.ts";
import { leasesOf, readSubject } from "./subject.ts";

export const leases: Command = {
  name: "leases",
  group: "look",
  summary: "list open doors, with sources and remaining time",
  operands: [{ name: "DOOR|ADDRESS", isOptional: true }],
  description: `
    Lists open doors, with their sources and the remaining time. With a door or an address,
    lists only its leases. FROM names the gateway of the fleet that opened a lease.`,
  asksDaemon: true,
  options: [{ long: "fleet", help: "list the leases of all gateways, and where each is open" }],
  example: "leases",
  async run(line, io) {
    if (line.given.has("fleet")) return await listFleetLeases(line, io);
    const subject = readSubject(line.operands[0]);
    const { all, doors } = await withDaemon(line, async (daemon) => ({
      all: await daemon.ask("leases", {}),
      doors: await daemon.ask("doors", {}),
    }));
    const found = leasesOf(subject, all);
    // A door that the configuration has no more may still be open.
    const named = found.length > 0 ? undefined : subject.door;
    const untracked = countUntracked(selectDoors(named, doors));
    print(line, io, { leases: found }, (screen) => formatLeases(found, untracked, screen));
    return 0;
  },
};

/** `untracked`: how many doors run commands that nothing undoes. */
export function formatLeases(
  found: readonly LeaseReport[],
  untracked: number,
  screen: Screen,
): string {
  if (found.length === 0 && untracked > 0) {
    const what = untracked === 1 ? "door runs commands" : "doors run commands";
    return `no leases; ${untracked} ${what} that are not tracked\n`;
  }
  if (found.length === 0) return "nothing is open\n";
  const hasDevices = found.some(({ by = [] }) => by.some((holder) => holder.includes("/")));
  const isFromElsewhere = found.some(({ from }) => from !== undefined);
  const columns = [
    { title: "DOOR" },
    { title: "SOURCE" },
    { title: "LEFT", align: "right" },
    { title: "SINCE", yields: 2 },
    { title: "KIND", yields: 1 },
    { title: "STATE" },
    ...(hasDevices ? [{ title: "BY" } as const] : []),
    ...(isFromElsewhere ? [{ title: "FROM" } as const] : []),
  ] as const;
  const rows = found.map(
    ({ door, source, remainingMs, since, kind, state, failure, by = [], from }) => [
      door,
      source.toString(),
      humanDuration(remainingMs),
      { text: formatLocalTime(since), short: `${humanDuration(ago(since))} ago` },
      kind,
      failure === undefined
        ? ({ text: state, color: state === "open" ? "green" : "yellow" } as const)
        : ({ text: "could not be closed", short: "failed", color: "red" } as const),
      ...(hasDevices ? [by.join(", ")] : []),
      ...(isFromElsewhere ? [from ?? "here"] : []),
    ],
  );
  return formatTable(columns, rows, screen);
}

/** Milliseconds since a moment, of this machine's clock. */
function ago(since: Date): number {
  return Math.max(0, Date.now() - since.getTime());
}
