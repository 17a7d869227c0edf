import type { KnockCounters } from "./knock/knock-counters.ts";
import type { PacketCounters } from "./metrics/packet-counters.ts";
import type { TrafficTotals } from "./state/traffic-history.ts";

/** Returns what the counters of sequences and of keys come to. */
export function trafficTotals(counters: PacketCounters, knocks: KnockCounters): TrafficTotals {
  let openings = 0;
  for (const door of new Set(counters.doors)) {
    openings += counters.openings(door, "opened") + counters.kernelOpenings(door);
  }
  const { accepted, refused } = knocks.totals;
  const failed = counters.wrongPort + counters.decoy + counters.late;
  return {
    packets: counters.allPackets + accepted + refused,
    steps: counters.packets("advanced") + counters.packets("opened") + accepted,
    openings,
    refusals: failed + refused,
  };
}
