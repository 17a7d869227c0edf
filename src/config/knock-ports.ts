// What must not be in a configuration in which keys open doors.
import type { ConfigOptions, DoorConfig } from "./config.ts";
import { fixedSteps, namedServices } from "./config.ts";
import type { AnyRow } from "./directive.ts";
import { isNameOf } from "./directive.ts";
import {
  doorDirectives,
  nativeDirectives,
  options as optionRows,
  sequences,
} from "./directives.ts";
import type { ConfigSection } from "./lines.ts";
import type { Problem } from "./problem.ts";

/**
 * Returns the errors of a configuration with `Users`: no port for their knocks, a port that is used
 * otherwise, and two doors with one name, which a packet could not tell apart. The doors belong to
 * `doorSections`, one by one.
 */
export function findKeyFaults(
  { knockPorts, fwknopPorts }: ConfigOptions,
  optionSections: readonly ConfigSection[],
  doors: readonly DoorConfig[],
  doorSections: readonly ConfigSection[],
): Problem[] {
  const { knockPorts: knockRow, fwknopPorts: fwknopRow } = optionRows;
  const hasPortLine = optionSections.some(
    (section) => placeOf(section, knockRow) ?? placeOf(section, fwknopRow),
  );
  const named = new Set<string>();
  const ofDoors = doors.flatMap((door, i) => {
    const section = doorSections[i];
    if (section === undefined) return [];
    const found = [
      ...usedPorts(door, section, knockRow, knockPorts),
      ...usedPorts(door, section, fwknopRow, fwknopPorts),
    ];
    if (door.users.length === 0) return found;
    if (!hasPortLine) {
      const message = `'${door.name}' has Users, but no KnockPort says where their knocks arrive`;
      found.push(fault(section, doorDirectives.users, message, "KnockPort = 23547 in [options]"));
    }
    if (named.has(door.name)) {
      const message = `another door with Users is named '${door.name}', too`;
      found.push(fault(section, undefined, message, "give them different names"));
    }
    named.add(door.name);
    return found;
  });
  const shared = optionSections.find((section) => placeOf(section, fwknopRow));
  if (shared === undefined || !knockPorts.some((port) => fwknopPorts.includes(port))) {
    return ofDoors;
  }
  const message = "a FwknopPort is a KnockPort, too";
  return [...ofDoors, fault(shared, fwknopRow, message, "another FwknopPort")];
}

function usedPorts(
  door: DoorConfig,
  section: ConfigSection,
  row: AnyRow,
  ports: readonly number[],
): Problem[] {
  const steps = fixedSteps(door).filter(({ protocol }) => protocol === "udp");
  const step = steps.find(({ number }) => ports.includes(number));
  const opened = namedServices(door).find(
    (service) => service.protocol === "udp" && ports.includes(service.port),
  );
  const hint = `another ${row.name}`;
  return [
    ...(step === undefined
      ? []
      : [fault(section, sequences.steps, `a step of '${door.name}' is a ${row.name}`, hint)]),
    ...(opened === undefined
      ? []
      : [fault(section, nativeDirectives.services, `'${door.name}' opens a ${row.name}`, hint)]),
  ];
}

function placeOf(section: ConfigSection, row: AnyRow) {
  return section.directives.findLast(({ key }) => isNameOf(key, row));
}

function fault(
  section: ConfigSection,
  row: AnyRow | undefined,
  message: string,
  hint: string,
): Problem {
  const place = row && placeOf(section, row);
  const { line, column } = place ? { line: place.line, column: place.valueColumn } : section;
  return { severity: "error", line, column, message, hint };
}
