// A door may have at most as many leases as are free, so that a flood at one door leaves room for others.
import { ownerName } from "../base/access-owner.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import type { Access } from "../firewall/firewall.ts";
import type { LeaseRegistry } from "./lease-registry.ts";
import type { OwnerCount } from "./ledger.ts";

/**
 * How many leases there may be, each about a kilobyte here and in the journal. Only forged addresses are
 * so many: further knocks are refused, an administrator is not.
 */
export const mostLeases = 50_000;

/**
 * How many leases that could not be closed are kept. Beyond it a stop command that fails ends the lease:
 * knocks from forged sources at a door whose stop command never works must not fill the table of leases.
 */
export const mostFailing = 10_000;

/** Returns whether another lease of this owner may begin by a knock. */
export function hasRoom(registry: LeaseRegistry, { owner }: Access): boolean {
  return registry.countOf(owner).leases < mostLeases - registry.size;
}

/** Returns whether another lease of this owner may stay that could not be closed. */
export function hasRoomForFailing(registry: LeaseRegistry, { owner }: Access): boolean {
  return registry.countOf(owner).failing < mostFailing - registry.failing;
}

/** Returns the doors that have no room. */
export function describeFull(registry: LeaseRegistry): StatusProblem[] {
  const room = mostLeases - registry.size;
  const roomForFailing = mostFailing - registry.failing;
  return registry.counts.flatMap(({ owner, leases, failing }: OwnerCount) => {
    const door = ownerName(owner);
    const problem = (message: string) => ({ code: "door-full", message, door }) as const;
    return [
      ...(leases < room
        ? []
        : [problem(`"${door}" has ${leases} leases: further knocks at it open nothing`)]),
      ...(failing === 0 || failing < roomForFailing
        ? []
        : [
            problem(`"${door}" has ${failing} leases that could not be closed: more are forgotten`),
          ]),
    ];
  });
}
