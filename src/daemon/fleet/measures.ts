import type { FleetState } from "../../fleet/fleet-state.ts";
import type { RosterEntry } from "../../fleet/roster.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { RemoteCounts } from "./remote-changes.ts";

/** Upper bounds of the histogram of delays: seconds. */
export const delayBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5,
];

/** What is counted of a fleet. */
export interface FleetMeasures {
  readonly state: FleetState;
  readonly gateways: readonly RosterEntry[];
  /** What became of the openings of other gateways. */
  readonly remote: RemoteCounts;
  /** From what was told elsewhere to hearing of it here. */
  readonly delays: Histogram;
}
