import type { TopState } from "../../src/cli/knockctl/top/model.ts";
import { emptyState, takeReading } from "../../src/cli/knockctl/top/model.ts";
import type { TopReading } from "../../src/cli/knockctl/top/reading.ts";
import type { LeaseReport } from "../../src/control/reports.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryHandlers } from "./memory-handlers.ts";
import { address } from "./packets.ts";

/** What a daemon with two leases answers, with changes. */
export function topReading({
  status = {},
  doors,
  leases,
}: {
  readonly status?: Partial<TopReading["status"]>;
  readonly doors?: TopReading["doors"];
  readonly leases?: readonly LeaseReport[];
} = {}): TopReading {
  const handlers = new MemoryHandlers(new ManualClock(Date.UTC(2026, 10, 22, 13, 26, 5)));
  return {
    status: { ...handlers.status(), ...status },
    doors: doors ?? handlers.doors(),
    leases: leases ?? handlers.leases(),
  };
}

/** A source that is ignored, for `status`. */
export function ignoredSource(source: string, remainingMs: number) {
  return { source: address(source), remainingMs, reason: "decoys" } as const;
}

/** The state after these answers. */
export function topState(...readings: readonly TopReading[]): TopState {
  return readings.reduce(takeReading, emptyState);
}
