import { reason } from "../../base/errors.ts";
import type { PortSets } from "../../base/port.ts";
import { formatPort } from "../../base/port.ts";
import { formatService } from "../../base/service.ts";
import type { WallTime } from "../../base/time.ts";
import { formatLocalTime } from "../../base/time.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import type { Config, DoorConfig } from "../config.ts";
import { fixedSteps, openedServices } from "../config.ts";
import type { AnyRow } from "../directive.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives, doorDirectives, nativeDirectives, sequences } from "../directives.ts";
import type { ConfigSection } from "../lines.ts";
import type { Problem } from "../problem.ts";

/** What is wrong with a service, and what to type. */
interface BlockedFact {
  readonly message: string;
  readonly hints: readonly string[];
  /** Whether rules name sources that reach it all the same. */
  readonly hasExceptions: boolean;
}

/** What there is to know of a machine. */
export interface HostFacts {
  readonly listening: PortSets;
  /** Reads a file of one-time sequences. Throws SYSTEM. */
  readonly readList: (file: string) => OneTimeList;
  readonly hasUser: (name: string) => boolean;
  /** The services that another firewall drops, as `tcp/22`. */
  readonly blocked: ReadonlyMap<string, BlockedFact>;
  /** The date. */
  readonly now: WallTime;
}

/** What of a configuration does not suit a machine as it is now; the doors belong to `sections`, one by one. */
export function findHostTraps(
  { doors, options }: Config,
  sections: readonly ConfigSection[],
  host: HostFacts,
): Problem[] {
  const ofDoors = doors.flatMap((door, i) => {
    const place = (row: AnyRow): TrapPosition => placeOf(sections[i], row);
    return [
      ...openPorts(door, host.listening, place(sequences.steps)),
      ...exhausted(door, host, place(sequences.file)),
      ...unknownUser(door, host, place(commandDirectives.user)),
      ...blockedServices(door, host, place(nativeDirectives.services)),
      ...ended(door, host.now, place(doorDirectives.until)),
    ];
  });
  return [
    ...ofDoors,
    ...usedKnockPorts("KnockPort", options.knockPorts, host.listening),
    ...usedKnockPorts("FwknopPort", options.fwknopPorts, host.listening),
  ];
}

/** What listens there gets the knocks, too, and may answer. */
function usedKnockPorts(name: string, ports: readonly number[], open: PortSets): Problem[] {
  return ports
    .filter((port) => open.udp.has(port))
    .map((port) => {
      const message = `something listens on udp/${port} of this machine, which is a ${name}: it sees the knocks, too`;
      return warn({ line: 1, column: 1 }, message, "a port on which nothing listens");
    });
}

type TrapPosition = Pick<Problem, "line" | "column">;

function placeOf(section: ConfigSection | undefined, row: AnyRow): TrapPosition {
  const directive = section?.directives.findLast(({ key }) => isNameOf(key, row));
  if (directive !== undefined) return { line: directive.line, column: directive.valueColumn };
  return { line: section?.line ?? 1, column: section?.column ?? 1 };
}

/** Who uses what listens there takes a step of the sequence, and a scanner is told that the port is alive. */
function openPorts(door: DoorConfig, open: PortSets, at: TrapPosition): Problem[] {
  const { name, target } = door;
  // Packets for a target are for other machines.
  if (target !== undefined) return [];
  const used = fixedSteps(door).filter(({ number, protocol }) => open[protocol].has(number));
  return [...new Set(used.map(formatPort))].map((port) => {
    const message = `something listens on ${port} of this machine, which is a step of '${name}'`;
    return warn(at, message, "choose ports that are closed");
  });
}

function exhausted(
  { name, sequence }: DoorConfig,
  { readList }: HostFacts,
  at: TrapPosition,
): Problem[] {
  if (sequence.kind !== "one-time") return [];
  const { file } = sequence;
  try {
    const { unused, malformed } = readList(file);
    const skipped = malformed.map(({ line, problem }) =>
      warn(at, `${file}:${line}: ${problem}, the line is skipped`),
    );
    if (unused.length > 0) return skipped;
    return [...skipped, warn(at, `no sequences are left in ${file}: '${name}' stays closed`)];
  } catch (error) {
    return [warn(at, `${reason(error)}: '${name}' stays closed`)];
  }
}

function ended({ name, until }: DoorConfig, now: WallTime, at: TrapPosition): Problem[] {
  if (until === undefined || until > now) return [];
  const end = formatLocalTime(new Date(until));
  return [warn(at, `'${name}' ended at ${end}, and stays closed`, "remove its section")];
}

function unknownUser({ name, action }: DoorConfig, host: HostFacts, at: TrapPosition): Problem[] {
  const user = action.kind === "command" ? action.user : undefined;
  if (user === undefined || host.hasUser(user)) return [];
  return [warn(at, `this machine has no user "${user}": no command of '${name}' can be run`)];
}

function blockedServices(door: DoorConfig, host: HostFacts, at: TrapPosition): Problem[] {
  return openedServices(door).flatMap((service) => {
    const found = host.blocked.get(formatService(service));
    // A door for some sources is for those that the rules may name.
    if (found === undefined || (found.hasExceptions && door.allow !== undefined)) return [];
    return warn(at, found.message, found.hints.join("; "));
  });
}

function warn(at: TrapPosition, message: string, hint?: string): Problem {
  return { severity: "warning", ...at, message, ...(hint && { hint }) };
}
