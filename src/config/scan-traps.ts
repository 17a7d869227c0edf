import { portKey } from "../base/port.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Problem } from "./problem.ts";

type Trap = Pick<Problem, "message" | "hint">;

/** A source is ignored from its third decoy on. */
const mostTouches = 3;

/** A door that opens more often, in so many scans in random order, is worth a warning. */
const fewScans = 5000;

/** What a port scan does to a door with this sequence and this many decoys. */
export function findScanTraps(name: string, sequence: Sequence, decoys: number): Trap[] {
  const ports = new Set(sequence.map(({ number, protocol }) => portKey(number, protocol))).size;
  if (ports === 0) return [];
  if (decoys === 0) {
    if (!isAscending(sequence)) return [];
    const message = `the ports of '${name}' ascend: a plain port scan knocks them in this order`;
    return [{ message, hint: "shuffle them, or let it have decoys" }];
  }
  if (ports === 1) {
    const message = `'${name}' has one port: whoever tries it is in, scanners too`;
    return [{ message, hint: "three ports or more" }];
  }
  const found: Trap[] = [];
  const message = `the ports of '${name}' cannot be hidden from a port scan that goes through all ports in order`;
  if (isExposed(sequence, decoys))
    found.push({ message, hint: "ports that are not next to one another" });
  const scans = scansToOpen(ports, decoys);
  if (scans < fewScans) {
    const message = `one port scan in random order of about ${scans} opens '${name}'`;
    found.push({ message, hint: ports < 3 ? "three ports or more" : "more decoys" });
  }
  return found;
}

/**
 * In random order the ports of a door must come right after one another, and before the third decoy:
 * mostTouches of all orders of the decoys and the block, by all orders of the decoys and the ports.
 */
function scansToOpen(ports: number, decoys: number): number {
  let orders = 1;
  for (let i = 1; i <= ports; i++) orders *= decoys + i;
  return Math.round(orders / Math.min(mostTouches, decoys + 1));
}

/**
 * True if no decoy can be where a scan in the order of the ports would have to touch it: between two
 * steps, or, three of them, before the first. See `isShielded` in match/decoys.ts.
 */
function isExposed(sequence: Sequence, decoys: number): boolean {
  const first = sequence[0]?.number ?? 0;
  // The neighbours of the first port are chosen in turn, below and above.
  const upwards = first <= mostTouches || decoys < 2 * mostTouches - 1;
  const downwards = first > 65535 - mostTouches || decoys < 2 * mostTouches;
  return (upwards && mayKnock(sequence, 1)) || (downwards && mayKnock(sequence, -1));
}

/** Could a scan in this direction touch nothing between the steps? */
function mayKnock(sequence: Sequence, direction: 1 | -1): boolean {
  return sequence.slice(1).every(({ number, protocol }, i) => {
    const before = sequence[i];
    if (before === undefined || before.protocol !== protocol) return true;
    const ahead = (number - before.number) * direction;
    return ahead === 0 || ahead === 1;
  });
}

function isAscending(sequence: Sequence): boolean {
  return (
    sequence.length > 1 &&
    sequence.slice(1).every(({ number }, i) => number > (sequence[i]?.number ?? 0))
  );
}
