// What the daemon reports of its fleet, checked by the client. A later version may add members.
import * as v from "valibot";
import { address, amount, flag, listOf, moment, texts } from "./values.ts";

const fleetMembers = {
  /** As `FleetName` says. */
  name: v.string(),
  /** The name of this gateway. */
  gateway: v.string(),
  /** Where the store is, as `Fleet` says. */
  store: v.string(),
  state: v.picklist(["up", "down"]),
  /** Since when it is up or down. */
  since: moment,
  /** Why it is down, or what it refuses; absent if all is well. */
  problem: v.exactOptional(v.string()),
  /** Changes that wait to be told. */
  waiting: amount,
  /** Single-use knocks that were taken without a claim, and are claimed later. */
  unclaimed: amount,
  /** Gateways that are up, this one among them, of all that were heard of within 30 days. */
  gatewaysUp: amount,
  gatewaysKnown: amount,
};

/** How this gateway does in its fleet. */
export const fleetSummary = v.object(fleetMembers);

/** Another gateway has something else than this one. */
const difference = v.object({
  /** Such as `users` or `sequences`; a later version may have others. */
  what: v.string(),
  /** The door that it is about. */
  door: v.exactOptional(v.string()),
});

const gatewayReport = v.object({
  name: v.string(),
  /** This is the gateway that answers. */
  here: flag,
  state: v.picklist(["up", "away"]),
  /** Since its last sign of life. */
  seenMs: amount,
  version: v.string(),
  /** Holders of leases that it knows of. */
  leases: amount,
  /** Entries of the log that it has not read; absent if unknown. */
  behind: v.exactOptional(amount),
  /** How far its date is ahead of this gateway's; negative: behind. Absent while it is away. */
  clockMs: v.exactOptional(v.pipe(v.number(), v.integer())),
  /** What differs from this gateway. */
  differences: listOf(difference),
});

/** A lease that the fleet knows of. */
const fleetLeaseReport = v.object({
  door: v.string(),
  source: address,
  /** As in a lease. */
  by: texts,
  /** The gateway that opened it. */
  from: v.string(),
  /** Until the last of its holders leaves. */
  remainingMs: amount,
  /** The gateways that are up and have heard of it. */
  openAt: texts,
  /** Whether it is open here: this gateway may have no such door, or refuse the source or the device. */
  openHere: flag,
});

export const fleetReport = v.object({
  ...fleetMembers,
  /** What the store says of itself; absent if that is unknown. */
  storeVersion: v.exactOptional(v.string()),
  gateways: listOf(gatewayReport),
  /** Absent unless asked for. */
  leases: v.exactOptional(listOf(fleetLeaseReport)),
});

/** What came of a closing at the other gateways. */
export const fleetClosing = v.object({
  /** The store has taken the closing: gateways that are away hear of it when they are back. */
  told: flag,
  /** The gateways where it is closed, this one among them. */
  closedAt: texts,
  /** Those that have not said so in time. */
  missing: listOf(v.object({ gateway: v.string(), seenMs: amount })),
  /** Until the last of what was closed ends by itself, where the closing is not heard of. */
  remainingMs: amount,
});

export type FleetSummary = v.InferOutput<typeof fleetSummary>;
export type FleetReport = v.InferOutput<typeof fleetReport>;
export type FleetLeaseReport = v.InferOutput<typeof fleetLeaseReport>;
export type FleetClosing = v.InferOutput<typeof fleetClosing>;
