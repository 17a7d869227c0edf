import { humanDuration } from "../../../base/duration.ts";
import { formatLocalTime } from "../../../base/time.ts";
import type { KeyReport } from "../../../control/reports.ts";
import type { Screen } from "../../screen.ts";
import type { TableCell } from "../../table.ts";
import { formatTable } from "../../table.ts";

/** What knockd knows of a key since it started. */
interface KeyActivityReport extends Pick<KeyReport, "lastKnock" | "refusals"> {
  readonly key: string;
}

/** A device, without its secrets. */
export interface ListedDevice {
  readonly name: string;
  /** Their names in logs. */
  readonly keys: readonly string[];
  readonly groups: readonly string[];
  /** The last day, in UTC. */
  readonly expires?: string;
  readonly state: "enabled" | "disabled" | "expired";
  /** The doors that it may open. */
  readonly doors: readonly string[];
  /** The keys that knockd has loaded; absent if it does not run with this configuration. */
  readonly activity?: readonly KeyActivityReport[];
}

/** Returns a line for each device. */
export function formatDevices(found: readonly ListedDevice[], screen: Screen): string {
  const isRunning = found.some(({ activity }) => activity !== undefined);
  const columns = [
    { title: "DEVICE" },
    { title: "DOORS" },
    { title: "STATE" },
    { title: "EXPIRES" },
    ...(isRunning ? ([{ title: "LAST KNOCK" }, { title: "SOURCE", yields: 3 }] as const) : []),
    { title: "GROUPS", yields: 1 },
    { title: "KEYS", yields: 2 },
  ] as const;
  const rows = found.map(({ name, doors, state, expires = "-", groups, keys, activity = [] }) => {
    const knocks = activity.flatMap(({ lastKnock }) => lastKnock ?? []);
    const last = knocks.toSorted((a, b) => a.time.getTime() - b.time.getTime()).at(-1);
    return [
      name,
      doors.join(", ") || "none",
      { text: state, color: state === "enabled" ? "green" : "red" } as const,
      expires,
      ...(isRunning ? [timeCell(last), `${last?.source ?? "-"}`] : []),
      groups.join(", ") || "-",
      keys.join(", "),
    ];
  });
  return formatTable(columns, rows, screen);
}

/** Returns a line for each key. */
export function formatKeys(found: readonly ListedDevice[], screen: Screen): string {
  const columns = [
    { title: "KEY" },
    { title: "DEVICE", yields: 1 },
    { title: "LAST KNOCK" },
    { title: "SOURCE" },
    { title: "CLOCK" },
    { title: "REFUSED" },
  ] as const;
  const rows = found.flatMap(({ name, keys, activity }) =>
    keys.map((key) => {
      const own = activity?.find((one) => one.key === key);
      if (own === undefined) return [key, name, activity ? "not loaded" : "-", "-", "-", "-"];
      const { lastKnock, refusals } = own;
      return [
        ...[key, name, timeCell(lastKnock), `${lastKnock?.source ?? "-"}`],
        lastKnock === undefined ? "-" : describeOffset(lastKnock.offsetMs),
        Object.entries(refusals)
          .map(([check, count]) => `${count} ${check}`)
          .join(", ") || "-",
      ];
    }),
  );
  return formatTable(columns, rows, screen);
}

function timeCell(last: KeyReport["lastKnock"]): TableCell {
  if (last === undefined) return "-";
  const ago = Math.max(0, Date.now() - last.time.getTime());
  return { text: formatLocalTime(last.time), short: `${humanDuration(ago)} ago` };
}

/** Returns how far the clock of a device is off; milliseconds, positive: ahead. */
function describeOffset(offset: number): string {
  if (offset === 0) return "exact";
  return `${humanDuration(Math.abs(offset))} ${offset < 0 ? "behind" : "ahead"}`;
}
