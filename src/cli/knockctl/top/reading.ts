// What `knockctl top` knows of the daemon at one moment. Pure.
import type { Result } from "../../../control/methods.ts";
import type { DoorReport, LeaseReport } from "../../../control/reports.ts";

/** The answers of the daemon to one round of questions. */
export interface TopReading {
  readonly status: Result<"status">;
  readonly doors: readonly DoorReport[];
  readonly leases: readonly LeaseReport[];
}

/** Counters of the daemon at one moment. */
export interface TopSample {
  readonly pid: number;
  readonly uptimeMs: number;
  readonly packets: number;
  readonly openings: number;
}

/** Per second. */
export interface TopRates {
  readonly packets: number;
  readonly openings: number;
}

/** Rates are averages over so many milliseconds. */
const rateWindow = 5000;

/** Returns the samples that rates need, with those of this reading: none of an earlier process. */
export function addSample(
  samples: readonly TopSample[],
  { status, doors }: Pick<TopReading, "status" | "doors">,
): readonly TopSample[] {
  const { pid, uptimeMs, capture } = status;
  const openings = doors.reduce((sum, door) => sum + door.openings, 0);
  const kept = samples.filter(
    (one) => one.pid === pid && one.uptimeMs < uptimeMs && uptimeMs - one.uptimeMs <= rateWindow,
  );
  return [...kept, { pid, uptimeMs, packets: capture.received, openings }];
}

/** Returns `undefined` before the second sample. */
export function ratesOf(samples: readonly TopSample[]): TopRates | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || first === last) return undefined;
  const seconds = (last.uptimeMs - first.uptimeMs) / 1000;
  const perSecond = (name: "packets" | "openings") =>
    // A reload that removes a door removes its openings as well.
    Math.max(0, last[name] - first[name]) / seconds;
  return { packets: perSecond("packets"), openings: perSecond("openings") };
}
