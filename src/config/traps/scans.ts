import { portKey } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { Config, DoorConfig } from "../config.ts";
import type { ConfigSection } from "../lines.ts";
import type { Problem } from "../problem.ts";

/** What decoys do, as `match/` knows it. */
export interface DecoyFacts {
  /** Returns whether so many decoys keep a door with this sequence shut in ascending and descending scans. */
  readonly isShieldable: (sequence: Sequence, decoys: number) => boolean;
  /** How many distinct decoys make a scanner of a source. */
  readonly mostTouches: number;
}

/** A door that opens more often, in so many scans in random order, is worth a warning. */
const fewScans = 5000;

/** What port scans do to doors in spite of their decoys; the doors belong to `sections`, one by one. Pure. */
export function findScanTraps(
  { doors }: Config,
  sections: readonly ConfigSection[],
  facts: DecoyFacts,
): Problem[] {
  return doors.flatMap((door, i) => {
    const { line = 1, column = 1 } = sections[i] ?? {};
    return trapsOf(door, facts).map((trap) => ({ severity: "warning", line, column, ...trap }));
  });
}

function trapsOf(
  { name, sequence, decoys }: DoorConfig,
  { isShieldable, mostTouches }: DecoyFacts,
): Pick<Problem, "message" | "hint">[] {
  if (sequence.kind !== "fixed" || decoys === 0) return [];
  const { steps } = sequence;
  const ports = countPorts(steps);
  if (ports === 1) {
    const message = `'${name}' has one port: any packet to it opens the door, a scanner's too`;
    return [{ message, hint: "three ports or more" }];
  }
  const scans = scansToOpen(ports, decoys, mostTouches);
  const often = `one port scan in random order of about ${scans} opens '${name}'`;
  const exposed = `no decoys keep '${name}' closed during a scan of all ports in their order`;
  return [
    ...(scans < fewScans
      ? [{ message: often, hint: ports < 3 ? "three ports or more" : "more decoys" }]
      : []),
    ...(isShieldable(steps, decoys)
      ? []
      : [{ message: exposed, hint: "ports that are not next to one another" }]),
  ];
}

function countPorts(sequence: Sequence): number {
  return new Set(sequence.map(({ number, protocol }) => portKey(number, protocol))).size;
}

/**
 * How many scans of all ports in random order open a door once, on average, with so many different ports
 * and decoys. The ports of a door must come right after one another, and before the last touch that
 * is too many. So many orders are there of the ports and the decoys, for each in which they do.
 */
export function scansToOpen(ports: number, decoys: number, mostTouches: number): number {
  let orders = 1;
  for (let i = 1; i <= ports; i++) orders *= decoys + i;
  return Math.round(orders / Math.min(mostTouches, decoys + 1));
}
