import { formatPort } from "../../base/port.ts";
import type { DoorConfig } from "../config.ts";
import { fixedSteps } from "../config.ts";

/** Something that is said of a door: which one, and what. */
export interface Overlap {
  readonly at: number;
  readonly message: string;
}

/** More doors than this make a list of pairs too long to read, and slow to find. */
const mostDoors = 300;
const mostOverlaps = 100;

/** Returns the first 100 doors that a knock at another door opens, since their sequence is a part of its. */
export function findOverlaps(doors: readonly DoorConfig[]): Overlap[] {
  if (doors.length > mostDoors) return [];
  const steps = doors.map((door) => fixedSteps(door).map(formatPort));
  const byFirstStep = new Map<string, number[]>();
  steps.forEach(([first], i) => {
    if (first !== undefined) byFirstStep.set(first, [...(byFirstStep.get(first) ?? []), i]);
  });
  const targets = doors.map(({ target }) => JSON.stringify(target));
  const found: Overlap[] = [];
  steps.forEach((outer, i) => {
    for (const j of new Set(outer.flatMap((step) => byFirstStep.get(step) ?? []))) {
      const [door, other] = [doors[i], doors[j]];
      const inner = steps[j] ?? [];
      const isPair = inner.length < outer.length || (inner.length === outer.length && j < i);
      if (!isPair || door === undefined || other === undefined) continue;
      if (found.length === mostOverlaps) return;
      if (targets[i] !== targets[j] || !isWithin(inner, outer) || areApart(door, other)) continue;
      found.push({ at: i, message: describe(door, other, inner.length === outer.length) });
    }
  });
  return found;
}

function describe({ name }: DoorConfig, { name: other }: DoorConfig, same: boolean): string {
  if (same) return `'${name}' has the sequence of '${other}': one knock opens both`;
  return `the sequence of '${other}' is a part of that of '${name}': a knock at '${name}' opens both`;
}

function isWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return outer.some((_, from) => inner.every((step, i) => step === outer[from + i]));
}

/** No packet can be for both: they differ in what TCP flags it has. */
function areApart(a: DoorConfig, b: DoorConfig): boolean {
  const hasTcp = fixedSteps(a).some(({ protocol }) => protocol === "tcp");
  return hasTcp && ((a.flags.value ^ b.flags.value) & a.flags.mask & b.flags.mask) !== 0;
}
