import { Address } from "../../src/base/address.ts";
import type { FleetReport } from "../../src/control/fleet-reports.ts";

const all = { version: "0.1.0", leases: 1 };

/** A fleet of three gateways, one of them away, as in docs/control-protocol.md. */
export const knownFleet: FleetReport = {
  name: "office",
  gateway: "gw-1",
  store: "redis://10.0.0.5:6379",
  state: "up",
  since: new Date("2026-11-22T13:20:05Z"),
  waiting: 0,
  unclaimed: 0,
  gatewaysUp: 2,
  gatewaysKnown: 3,
  storeVersion: "7.0.15",
  gateways: [
    {
      ...{ name: "gw-1", here: true, state: "up", seenMs: 900, ...all, behind: 0, clockMs: 0 },
      differences: [],
    },
    {
      ...{ name: "gw-2", here: false, state: "up", seenMs: 2100, ...all, behind: 0, clockMs: 12 },
      differences: [{ what: "users" }],
    },
    { name: "gw-4", here: false, state: "away", seenMs: 180_000, ...all, differences: [] },
  ],
  leases: [
    {
      ...{ door: "ssh", source: Address.v4(0xc0000207), by: ["sequence"], from: "gw-2" },
      ...{ remainingMs: 598_000, openAt: ["gw-1", "gw-2"], openHere: true },
    },
  ],
};
