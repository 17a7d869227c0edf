import { humanDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { defaultConfigFile } from "../../base/paths.ts";
import { printable } from "../../base/text.ts";
import type { ControlClient } from "../../control/client.ts";
import type { FleetReport, FleetSummary } from "../../control/fleet-reports.ts";
import type { Io } from "../program.ts";
import { fitLines } from "../program.ts";
import type { Screen } from "../screen.ts";
import type { StyledCell } from "../table.ts";
import { formatTable } from "../table.ts";
import type { Command, CommandLine } from "./command.ts";
import { print, usageError, withDaemon } from "./command.ts";
import { makeFleetKeyCommand } from "./fleet/key.ts";

export const fleet: Command = {
  name: "fleet",
  group: "look",
  summary: "show gateways of fleet, or make fleet key",
  operands: [{ name: "key", isOptional: true }],
  description: `
    Shows the gateways of the fleet. For each one, shows whether it is up, its leases, the
    entries of the store's log that it has not read, the offset of its clock, and what differs
    from this gateway.

    fleet key makes the file with the key of the fleet and a password for the store. It leaves
    an existing file as it is. It prints the line for the ACL file of the store, and what to
    copy to the other gateways. It never prints the key. See docs/fleet.md
    (/usr/share/doc/sesame-knock/docs/fleet.md with the Debian package).`,
  asksDaemon: true,
  options: [
    {
      long: "config",
      argument: "FILE",
      help: `use this configuration for fleet key [${defaultConfigFile}]`,
    },
  ],
  example: "fleet",
  async run(line, io) {
    const [action] = line.operands;
    if (action === "key") return await makeFleetKeyCommand(line, io);
    if (action === undefined) return await showFleet(line, io);
    throw usageError(`there is no action "${printable(action)}"`, "knockctl fleet key");
  },
};

async function showFleet(line: CommandLine, io: Io): Promise<number> {
  const found = await withDaemon(line, (daemon) => askFleet(daemon));
  print(line, io, { fleet: found }, (screen) => formatFleet(found, screen));
  return 0;
}

/** Returns what the daemon says of its fleet. Throws SYSTEM if it is in none. */
export async function askFleet(
  daemon: ControlClient,
  params: { readonly leases?: true } = {},
): Promise<FleetReport> {
  const { fleet: found } = await daemon.ask("fleet", params);
  if (found !== undefined) return found;
  const hints = ["Fleet in knockd.conf names its store; see docs/fleet.md"];
  throw new KnockError("SYSTEM", "this gateway is in no fleet", { hints });
}

/** `"office": 5 of 6 gateways, store redis://10.0.0.5:6379 up` */
export function describeFleet(found: FleetSummary): string {
  const { name, gatewaysUp, gatewaysKnown, store, state, since } = found;
  const gateways = `${gatewaysUp} of ${gatewaysKnown} gateways`;
  const down = humanDuration(Math.max(0, Date.now() - since.getTime()));
  const isUp = state === "up";
  return `"${name}": ${gateways}, store ${store} ${isUp ? "up" : `down for ${down}`}`;
}

function formatFleet(found: FleetReport, screen: Screen): string {
  const { gateways, problem, waiting, unclaimed, storeVersion, state } = found;
  const version = storeVersion === undefined ? "" : ` (${storeVersion})`;
  const lines = [
    `fleet ${describeFleet(found)}${version}`,
    ...(problem === undefined ? [] : [problem]),
    ...(waiting === 0 ? [] : [`changes that wait to be told: ${waiting}`]),
    ...(unclaimed === 0 ? [] : [`single-use knocks without a claim: ${unclaimed}`]),
  ];
  const head = lines.map((text) => `${fitLines(printable(text), screen)}\n`).join("");
  return gateways.length === 0 ? head : `${head}\n${formatGateways(gateways, state, screen)}`;
}

type GatewayReport = FleetReport["gateways"][number];

function formatGateways(
  gateways: readonly GatewayReport[],
  store: FleetReport["state"],
  screen: Screen,
): string {
  const columns = [
    { title: "NAME" },
    { title: "STATE" },
    { title: "VERSION", yields: 1 },
    { title: "LEASES", align: "right" },
    { title: "BEHIND", align: "right", yields: 2 },
    { title: "CLOCK", align: "right", yields: 3 },
    { title: "DIFFERS", breaks: true },
  ] as const;
  const rows = gateways.map((one) => [
    one.name,
    describeState(one, store),
    one.version,
    String(one.leases),
    one.behind === undefined ? "-" : String(one.behind),
    describeClock(one),
    one.differences.length === 0
      ? "-"
      : ({ text: describeDifferences(one), color: "yellow" } as const),
  ]);
  return formatTable(columns, rows, screen);
}

function describeState(
  { state, here, seenMs }: GatewayReport,
  store: FleetReport["state"],
): StyledCell {
  // Nothing is heard of the others without the store.
  if (store === "down" && !here) {
    return { text: `seen ${humanDuration(seenMs)} ago`, short: "unknown", color: "yellow" };
  }
  if (state === "up") return { text: here ? "up, here" : "up", color: "green" };
  return { text: `away for ${humanDuration(seenMs)}`, short: "away", color: "red" };
}

function describeClock({ here, clockMs }: GatewayReport): string {
  if (here || clockMs === undefined) return "-";
  const sign = clockMs < 0 ? "-" : "+";
  return clockMs === 0 ? "0s" : `${sign}${humanDuration(Math.abs(clockMs))}`;
}

const differenceNames: Readonly<Record<string, string>> = {
  users: "users file",
  "knock-port": "KnockPort",
  freshness: "Freshness",
  clock: "clock",
  name: "same name",
  "door-users": "users",
  sequences: "sequence",
  list: "one-time list",
};

/** Returns what a gateway has otherwise than this one. */
export function describeDifferences({ differences }: Pick<GatewayReport, "differences">): string {
  const texts = differences.map(({ what, door }) => {
    const name = differenceNames[what] ?? what;
    return door === undefined ? name : `${name} of ${door}`;
  });
  return texts.length === 0 ? "-" : texts.join(", ");
}
