// What an administrator sees of the fleet. Nothing here changes anything.
import { formatStore } from "../../base/store-address.ts";
import type { WallTime } from "../../base/time.ts";
import type {
  FleetClosing,
  FleetLeaseReport,
  FleetReport,
  FleetSummary,
} from "../../control/fleet-reports.ts";
import type { ClosingReport } from "../../fleet/closing-confirmation.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { LivingHolder } from "../../fleet/knowledge.ts";
import type { RosterEntry } from "../../fleet/roster.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import { keyOf } from "../../grant/ledger.ts";
import { leaseKeyOf } from "./holder-subject.ts";
import type { FleetSettings } from "./settings.ts";

/** What the reports look at. */
export interface ReportedFleet {
  readonly settings: FleetSettings;
  readonly fleet: Pick<Fleet, "state" | "roster" | "living" | "now">;
  readonly leaseManager: Pick<LeaseManager, "find">;
  /** Since when the store is there, or is away. */
  readonly since: WallTime;
}

/** Why this gateway is not in the fleet of the configuration, since when. */
export interface FleetFailure {
  readonly settings: FleetSettings;
  readonly why: string;
  readonly since: WallTime;
}

export function summarizeFleet({ settings, fleet, since }: ReportedFleet): FleetSummary {
  const { name, gateway, store } = settings;
  const { isJoined, failure, waiting, unclaimed } = fleet.state;
  const gateways = fleet.roster.gateways();
  return {
    ...{ name, gateway, store: formatStore(store), state: isJoined ? "up" : "down" },
    since: new Date(since),
    ...(failure !== undefined && { problem: failure }),
    // Before the first heartbeat this one is known alone.
    ...{ waiting, unclaimed, gatewaysKnown: Math.max(1, gateways.length) },
    // Who is there is not known while the store is away.
    gatewaysUp: isJoined ? gateways.filter(({ isUp }) => isUp).length : 1,
  };
}

export function reportFleet(parts: ReportedFleet, withLeases: boolean): FleetReport {
  const { fleet } = parts;
  const gateways = fleet.roster.gateways();
  const { facts } = fleet.state;
  return {
    ...summarizeFleet(parts),
    ...(facts !== undefined && { storeVersion: facts.version }),
    gateways: gateways.map(reportGateway),
    ...(withLeases && { leases: reportLeases(parts, gateways) }),
  };
}

function reportGateway(entry: RosterEntry): FleetReport["gateways"][number] {
  const { name, isHere, isUp, seen, version, leases, behind, clock, differences } = entry;
  return {
    ...{ name, here: isHere, state: isUp ? "up" : "away", version, leases },
    seenMs: Math.round(seen),
    ...(isUp && { behind }),
    ...(clock !== undefined && { clockMs: Math.round(clock) }),
    differences,
  };
}

/** One report for all holders of a lease. */
function reportLeases(
  { fleet, leaseManager }: ReportedFleet,
  gateways: readonly RosterEntry[],
): FleetLeaseReport[] {
  const now = fleet.now();
  const upToDate = gateways.filter(({ isUp, isHere, behind }) => isUp && !isHere && behind === 0);
  const here = gateways.filter(({ isHere }) => isHere).map(({ name }) => name);
  const leases = new Map<string, LivingHolder[]>();
  for (const one of fleet.living()) {
    const key = keyOf(leaseKeyOf(one.holder));
    leases.set(key, [...(leases.get(key) ?? []), one]);
  }
  return [...leases.values()].flatMap((holders) => {
    const [last] = [...holders].sort((a, b) => b.opening.end - a.opening.end);
    if (last === undefined) return [];
    const { holder, opening, origin } = last;
    const openHere = leaseManager.find(leaseKeyOf(holder)) !== undefined;
    const others = upToDate.map(({ name }) => name);
    return {
      ...{ door: holder.door, source: holder.source, from: origin, openHere },
      by: holders.map(({ holder: { who } }) => who || "sequence"),
      remainingMs: Math.max(0, Math.round(opening.end - now)),
      openAt: [...(openHere ? here : []), ...others].sort(),
    };
  });
}

export function reportClosing(report: ClosingReport): FleetClosing {
  const { isTold, acknowledged, missing, left } = report;
  return {
    ...{ told: isTold, closedAt: acknowledged, remainingMs: Math.max(0, Math.round(left)) },
    missing: missing.map(({ gateway, seen }) => ({ gateway, seenMs: Math.round(seen) })),
  };
}

/** Reports a fleet that this gateway cannot join. */
export function unjoinedFleet({ settings, why, since }: FleetFailure): FleetSummary {
  const { name, gateway, store } = settings;
  const counts = { waiting: 0, unclaimed: 0, gatewaysUp: 0, gatewaysKnown: 0 };
  const state = { state: "down", since: new Date(since), problem: why } as const;
  return { name, gateway, store: formatStore(store), ...state, ...counts };
}
