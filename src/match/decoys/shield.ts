// Whether the decoys of a door keep a port scan from opening it.
import type { Port, PortKey } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";
import { chooseDecoys } from "./choose.ts";
import { keyOf, mostTouches, neighbours, unknownHost } from "./decoy.ts";

/**
 * Returns whether a scan of all ports, upwards or downwards, leaves a door with this sequence closed:
 * it touches a decoy between two steps, or three before the first. Scans slower than four seconds a
 * port are not covered.
 */
export function isShielded(sequence: Sequence, decoys: ReadonlySet<PortKey>): boolean {
  return staysClosed(sequence, 1, decoys) && staysClosed(sequence, -1, decoys);
}

/** Returns whether so many decoys can shield a door that is alone on a host of which nothing is known. */
export function isShieldable(sequence: Sequence, decoys: number): boolean {
  // Only the first ones matter: those between the steps, and those around the first.
  const some = Math.min(decoys, sequence.length + 2 * mostTouches);
  const [chosen = []] = chooseDecoys([{ sequence, decoys: some }], unknownHost);
  return isShielded(sequence, new Set(chosen.map(keyOf)));
}

function staysClosed(sequence: Sequence, direction: 1 | -1, decoys: ReadonlySet<PortKey>): boolean {
  const isDecoy = (port: Port) => decoys.has(keyOf(port));
  const [first] = sequence;
  if (first === undefined) return true;
  if (neighbours(first, -direction).filter(isDecoy).length >= mostTouches) return true;
  return sequence.some((step, i) => {
    const next = sequence[i + 1];
    if (next === undefined || next.protocol !== step.protocol) return false;
    const distance = (next.number - step.number) * direction;
    if (distance < 0) return true;
    const between = neighbours(step, direction).slice(0, Math.max(0, distance - 1));
    return between.some(isDecoy);
  });
}
