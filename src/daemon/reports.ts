// What administrators see of the daemon. Nothing here changes anything.
import { ownerName } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Dates } from "../base/dates.ts";
import type { OpenedService, Service } from "../base/service.ts";
import { formatService } from "../base/service.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import type { Source } from "../capture/source.ts";
import type { Result } from "../control/methods.ts";
import type { LeaseReport } from "../control/reports.ts";
import type { OpenElement } from "../firewall/backend.ts";
import { describeFailure, describeResult, hasGivenUp } from "../grant/closing-failure.ts";
import { holdersAt } from "../grant/holders.ts";
import type { LeaseJournal } from "../grant/journal/lease-journal.ts";
import type { Lease, LeaseState } from "../grant/lease.ts";
import { failureOf } from "../grant/lease.ts";
import type { LeaseManager } from "../grant/lease-manager.ts";
import type { Matcher } from "../match/matcher.ts";
import { networkNamespace } from "../system/namespaces.ts";
import type { ActiveUsers } from "./active-users.ts";
import type { ChildProcesses } from "./child-processes.ts";
import type { DoorActivity } from "./door-activity.ts";
import type { Doors } from "./doors.ts";
import type { Firewalls } from "./firewalls.ts";
import type { Membership } from "./fleet/membership.ts";
import type { NetworkChanges } from "./host/network.ts";
import type { KeyKnocks } from "./knock/key-knocks.ts";
import { inspectProtection } from "./protection/inspect.ts";
import type { Protection } from "./protection/protection.ts";
import { unreachableServices } from "./protection/reachable.ts";
import type { RefusedConfig } from "./refused-config.ts";
import type { AccessHistory } from "./state/access-history.ts";
import type { TrafficHistory } from "./state/traffic-history.ts";

/** How many leases that could not be closed `status` describes one by one. */
const mostDescribed = 10;

/** How many ignored sources `status` lists. */
const mostIgnored = 100;

/** What `reportStatus` looks at. */
export interface StatusParts {
  readonly version: string;
  readonly configFile: string;
  /** Returns when the configuration in force was read. */
  readonly configReadAt: () => WallTime;
  readonly refusedConfig: Pick<RefusedConfig, "problems">;
  readonly clock: Clock;
  readonly leaseManager: LeaseManager;
  readonly matcher: Matcher;
  readonly source: Source;
  readonly network: Pick<NetworkChanges, "problems" | "missing">;
  readonly firewalls: Pick<Firewalls, "kind" | "problems" | "listProtected">;
  readonly children: Pick<ChildProcesses, "problems">;
  readonly protection: Pick<Protection, "services" | "trial" | "problems">;
  readonly activity: DoorActivity;
  readonly history: Pick<AccessHistory, "problems" | "read">;
  readonly traffic: Pick<TrafficHistory, "problems" | "read">;
  readonly users: Pick<ActiveUsers, "problems">;
  readonly keyKnocks: Pick<KeyKnocks, "problems" | "report" | "watchUser">;
  readonly fleet: Pick<Membership, "problems" | "summarize" | "report" | "close" | "closedHere">;
  readonly journal: Pick<LeaseJournal, "path" | "trouble">;
  /** Those of the configuration in force. */
  readonly doors: () => Doors;
  readonly interfaces: () => readonly string[] | undefined;
}

/** Reports on the whole daemon, which started at `started`. */
export function reportStatus(parts: StatusParts, started: Monotonic): Result<"status"> {
  const { version, configFile, clock, leaseManager, matcher, source } = parts;
  const { network, firewalls, protection, journal } = parts;
  const { services, trial, problems } = inspectProtection(protection, firewalls);
  const problem = journal.trouble;
  const doors = parts.doors();
  const namespace = networkNamespace();
  const fleet = parts.fleet.summarize();
  return {
    release: version,
    pid: process.pid,
    uptimeMs: Math.round(clock.now() - started),
    configFile,
    configReadAt: new Date(parts.configReadAt()),
    interfaces: parts.interfaces() ?? ["any"],
    missingInterfaces: network.missing,
    ...(namespace !== undefined && { networkNamespace: namespace }),
    doorCount: doors.all.length,
    leaseCount: leaseManager.leases.length,
    knocksByStage: matcher.attemptsByStage,
    ignored: matcher
      .ignored(clock.now())
      .slice(-mostIgnored)
      .map(({ source, until }) => ({
        source,
        remainingMs: Math.max(0, Math.round(until - clock.now())),
        reason: "decoys",
      })),
    capture: source.counters(),
    firewall: {
      kind: firewalls.kind,
      protects: services.map(formatService),
      ...(trial && { trial: { ...trial, services: trial.services.map(formatService) } }),
    },
    ...(fleet && { fleet }),
    journal: { path: journal.path, ...(problem !== undefined && { problem }) },
    problems: [
      ...parts.refusedConfig.problems,
      ...(problem === undefined ? [] : [{ code: "journal", message: problem } as const]),
      ...parts.history.problems,
      ...parts.traffic.problems,
      ...parts.users.problems,
      ...parts.keyKnocks.problems,
      ...parts.fleet.problems,
      ...network.problems,
      ...firewalls.problems,
      ...problems,
      ...leaseManager.problems,
      ...parts.children.problems,
      ...parts.activity.problems,
      ...describeOpenLeases(leaseManager.leases),
      ...describeUnreachable(protection.services, doors).map(
        (message) => ({ code: "unreachable", message }) as const,
      ),
    ],
  };
}

/** `inKernel`: what the kernel has open, if that is known. */
export function reportLeases(
  leases: readonly Lease[],
  clocks: ReportClocks,
  inKernel: readonly OpenElement[] | undefined,
): readonly LeaseReport[] {
  const key = (source: Address, service: OpenedService) => `${source} ${formatService(service)}`;
  const known = new Set(inKernel?.map(({ source, service }) => key(source, service)));
  return leases.map((lease) => {
    const { source, method } = lease.access;
    const report = reportLease(lease, clocks);
    if (inKernel === undefined || method.kind !== "native") return report;
    return {
      ...report,
      inKernel: method.services.every((service) => known.has(key(source, service))),
    };
  });
}

/** The clock, and the dates of its moments. */
export interface ReportClocks {
  readonly clock: Clock;
  readonly dates: Dates;
}

export function reportLease(lease: Lease, { clock, dates }: ReportClocks): LeaseReport {
  const { access, since, due, state } = lease;
  const { owner, source, method, origin } = access;
  const failure = failureOf(lease);
  return {
    door: ownerName(owner),
    source,
    by: holdersAt(lease.by, clock.now()).map((holder) => holder || "sequence"),
    ...(origin !== undefined && { from: origin }),
    since: dates.of(since),
    remainingMs: Math.max(0, Math.round(due - clock.now())),
    kind: method.kind,
    state: reportedState[state.kind],
    ...(failure && {
      failure: {
        reason: describeResult(failure.result),
        attempts: failure.attempts,
        since: dates.of(failure.since),
        givenUp: hasGivenUp(failure),
      },
    }),
  };
}

/** The protocol knows three states. */
const reportedState = {
  queued: "opening",
  starting: "opening",
  orphaned: "opening",
  open: "open",
  closing: "closing",
} as const satisfies Record<LeaseState["kind"], LeaseReport["state"]>;

/** Returns a problem for each lease that could not be closed; for the rest of very many, one in all. */
function describeOpenLeases(leases: readonly Lease[]): StatusProblem[] {
  const open = leases.filter((lease) => failureOf(lease) !== undefined);
  const more = open.length - mostDescribed;
  const problem = (message: string) => ({ code: "close-failed", message }) as const;
  return [
    ...open.slice(0, mostDescribed).map((lease) => ({
      ...problem(describeOpenLease(lease)),
      door: ownerName(lease.access.owner),
      source: lease.access.source,
    })),
    ...(more > 0 ? [problem(`${more} more could not be closed: knockctl leases`)] : []),
  ];
}

/** Returns what may still be open for whom, and why. */
export function describeOpenLease(lease: Lease): string {
  const { owner, source } = lease.access;
  const failure = failureOf(lease);
  const what = failure === undefined ? "is open" : describeFailure(lease.access, failure);
  return `"${ownerName(owner)}" for ${source} ${what}`;
}

/**
 * Returns a sentence for each protected service that no door opens: what was confirmed stays protected,
 * also when its door is gone from the configuration.
 */
export function describeUnreachable(protects: readonly Service[], doors: Doors): string[] {
  return unreachableServices(protects, doors)
    .map(formatService)
    .map((service) => `${service} is protected, but no door opens it: knockctl unprotect`);
}
