// The fleet as the console's page gets it. Pure.
import type { FleetReport } from "../../../control/fleet-reports.ts";
import { describeDifferences } from "../fleet.ts";
import { steady } from "./steady.ts";
import type { ConsoleFleet, ConsoleGateway } from "./view.ts";

/** `before`: how it was told last. `wall`: milliseconds since 1970. */
export function describeConsoleFleet(
  { name, store, state, since, problem, waiting, gateways, leases = [] }: FleetReport,
  before: ConsoleFleet | undefined,
  wall: number,
): ConsoleFleet {
  const known = new Map(before?.gateways.map((one) => [one.name, one]));
  return {
    ...{ name, store, state, waiting },
    since: since.getTime(),
    ...(problem !== undefined && { problem }),
    gateways: gateways.map((one) => describeGateway(one, known.get(one.name), wall)),
    elsewhere: leases.filter(({ openHere }) => !openHere).length,
  };
}

function describeGateway(
  gateway: FleetReport["gateways"][number],
  before: ConsoleGateway | undefined,
  wall: number,
): ConsoleGateway {
  const { name, here, state, seenMs, leases, behind, clockMs, differences } = gateway;
  const texts = differences.length === 0 ? [] : [describeDifferences({ differences })];
  return {
    ...{ name, here, state, leases, differences: texts },
    ...(state === "away" && { seen: steady(before?.seen, wall - seenMs) }),
    ...(behind !== undefined && { behind }),
    // Small errors of the measurement would change the page each second.
    ...(clockMs !== undefined && { clockMs: Math.round(clockMs / 1000) * 1000 }),
  };
}
