// What the daemon answers, as the console's page gets it. Pure.
import type { StatusProblem } from "../../../base/status-problem.ts";
import type { FleetReport } from "../../../control/fleet-reports.ts";
import type { Result } from "../../../control/methods.ts";
import type { DoorReport } from "../../../control/reports.ts";
import type { ConsoleFiles } from "./devices.ts";
import { describeConsoleFleet } from "./fleet.ts";
import { steady } from "./steady.ts";
import type { ConsoleDoor, ConsoleLease, ConsoleProblem, ConsoleSections } from "./view.ts";

/** The answers of the daemon to one round of questions. */
export interface ConsoleReading {
  readonly status: Result<"status">;
  readonly doors: Result<"doors">;
  readonly leases: Result<"leases">;
  readonly keys: Result<"keys">;
  /** Absent without a fleet. */
  readonly fleet: FleetReport | undefined;
  /** Absent if it was not asked for. */
  readonly traffic: Result<"traffic"> | undefined;
}

export interface ReadingContext {
  /** Milliseconds since 1970. */
  readonly wall: number;
  readonly files: Pick<ConsoleFiles, "list" | "usersOf" | "problem">;
  /** Problems that the daemon does not know of. */
  readonly found: readonly StatusProblem[];
  readonly before: Partial<ConsoleSections>;
  /** The name of this host. */
  readonly host: string;
}

/** Returns the parts of the view, without what has not been asked for. */
export function describeReading(
  { status, doors, keys, fleet, traffic }: ConsoleReading,
  { wall, files, found, before, host }: ReadingContext,
): Partial<ConsoleSections> {
  const { release, configFile, firewall, capture, knocksByStage } = status;
  const ignoredBefore = new Map(before.ignored?.map(({ source, until }) => [source, until]));
  const startedAt = steady(before.host?.startedAt, wall - status.uptimeMs);
  const { received, dropped } = capture;
  return {
    host: {
      ...{ name: host, release, configFile, startedAt },
      ...{ protects: firewall.protects, received, dropped },
    },
    problems: [...status.problems, ...found, ...problemsOf(files, status)].map(describeProblem),
    doors: describeDoors(doors, files),
    knocks: knocksByStage,
    // Those whose time ends last come last: they are what an administrator looks for.
    ignored: [...status.ignored].reverse().map(({ source: address, remainingMs }) => {
      const source = address.toString();
      return { source, until: steady(ignoredBefore.get(source), wall + remainingMs) };
    }),
    devices: files.list(keys),
    fleet:
      fleet === undefined ? null : describeConsoleFleet(fleet, before.fleet ?? undefined, wall),
    ...(traffic && {
      traffic: traffic.map(({ time, ...counts }) => ({ time: time.toISOString(), ...counts })),
    }),
  };
}

/** Returns what is wrong with the files of users, unless knockd says that something is. */
function problemsOf(
  { problem }: Pick<ConsoleFiles, "problem">,
  { problems }: ConsoleReading["status"],
): StatusProblem[] {
  if (problem === undefined || problems.some(({ code }) => code === "users")) return [];
  return [{ code: "users", message: problem }];
}

/** Returns the leases, whose moments stay what they were `before` if they are the same. */
export function leasesOf(
  { leases, fleet }: Pick<ConsoleReading, "leases" | "fleet">,
  before: readonly ConsoleLease[],
  wall: number,
): ConsoleLease[] {
  const places = new Map(
    fleet?.leases?.map(({ door, source, openAt }) => [`${source} ${door}`, openAt]),
  );
  const known = new Map(before.map((lease) => [lease.key, lease]));
  const uses = new Map<string, number>();
  return leases.map((lease) => {
    const { door, by = [], since, remainingMs, state, kind, failure, from } = lease;
    const openAt = places.get(`${lease.source} ${door}`);
    const source = lease.source.toString();
    const name = `${source} ${door}`;
    const nth = uses.get(name) ?? 0;
    uses.set(name, nth + 1);
    const key = `${nth} ${name}`;
    return {
      ...{ key, door, source, by, state, kind },
      since: since.getTime(),
      until: steady(known.get(key)?.until, wall + remainingMs),
      ...(failure && { failure: failure.reason }),
      ...(from !== undefined && { gateway: from }),
      ...(openAt && { openAt }),
    };
  });
}

function describeProblem({
  message,
  hints = [],
}: Pick<StatusProblem, "message" | "hints">): ConsoleProblem {
  return { message, hints };
}

function describeDoors(
  doors: readonly DoorReport[],
  files: Pick<ConsoleFiles, "usersOf">,
): ConsoleDoor[] {
  const uses = new Map<string, number>();
  return doors.map((door) => {
    const { name, opens, kind, lastsMs, state, until, open, openings, steps, lastOpening } = door;
    const nth = uses.get(name) ?? 0;
    uses.set(name, nth + 1);
    return {
      ...{ name, opens, kind, state, open, openings, steps },
      ...files.usersOf(name, nth),
      ...(lastsMs !== undefined && { lastsMs }),
      ...(until && { until: until.toISOString() }),
      ...(lastOpening && { lastOpening: describeOpening(lastOpening) }),
    };
  });
}

function describeOpening({
  time,
  source,
  by,
  who,
}: NonNullable<DoorReport["lastOpening"]>): NonNullable<ConsoleDoor["lastOpening"]> {
  return {
    ...{ time: time.toISOString(), source: source.toString(), by },
    ...(who !== undefined && { who }),
  };
}
