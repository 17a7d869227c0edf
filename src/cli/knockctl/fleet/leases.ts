import { humanDuration } from "../../../base/duration.ts";
import type { FleetLeaseReport, FleetReport } from "../../../control/fleet-reports.ts";
import type { Io } from "../../program.ts";
import type { Screen } from "../../screen.ts";
import type { StyledCell } from "../../table.ts";
import { formatTable } from "../../table.ts";
import type { CommandLine } from "../command.ts";
import { print, withDaemon } from "../command.ts";
import { askFleet } from "../fleet.ts";
import { leasesOf, readSubject } from "../subject.ts";

/** Runs `knockctl leases --fleet`. */
export async function listFleetLeases(line: CommandLine, io: Io): Promise<number> {
  const subject = readSubject(line.operands[0]);
  const found = await withDaemon(line, (daemon) => askFleet(daemon, { leases: true }));
  const leases = leasesOf(subject, found.leases ?? []);
  print(line, io, { fleet: { ...found, leases } }, (screen) => format(found, leases, screen));
  return 0;
}

function format(found: FleetReport, leases: readonly FleetLeaseReport[], screen: Screen): string {
  if (leases.length === 0) return "nothing is open in the fleet\n";
  const columns = [
    { title: "DOOR" },
    { title: "SOURCE" },
    { title: "LEFT", align: "right" },
    { title: "FROM", yields: 2 },
    { title: "OPEN AT", breaks: true },
    { title: "BY", yields: 1 },
  ] as const;
  const rows = leases.map((lease) => [
    lease.door,
    lease.source.toString(),
    humanDuration(lease.remainingMs),
    lease.from,
    describePlaces(lease, found),
    lease.by.join(", "),
  ]);
  return formatTable(columns, rows, screen);
}

/** The gateways that have heard of it; of this one it is known whether it is open. */
function describePlaces(
  { openAt, openHere }: FleetLeaseReport,
  { gateway, gatewaysUp }: FleetReport,
): StyledCell {
  const places = openAt.filter((name) => name !== gateway || openHere);
  if (places.length === 0) return { text: "none", color: "yellow" };
  const isAll = places.length === gatewaysUp && gatewaysUp > 1;
  const text = places.join(", ");
  return isAll ? { text, short: `all ${gatewaysUp}`, color: "green" } : { text, color: "yellow" };
}
