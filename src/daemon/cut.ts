import type { Address } from "../base/address.ts";
import type { OpenedService, Service } from "../base/service.ts";
import { isOneService, uniqueServices } from "../base/service.ts";
import type { DoorConfig } from "../config/config.ts";
import { namedServices, openedServices } from "../config/config.ts";
import type { Access } from "../firewall/firewall.ts";
import { cutConnections } from "../system/connections.ts";
import type { Firewalls } from "./firewalls.ts";

/** Connections of one source: to these services, or all of them. */
export interface CutTarget {
  readonly source: Address;
  readonly services: readonly Service[] | undefined;
}

export interface CutRequest {
  /** What was open until now, and is closed. */
  readonly closed: readonly Access[];
  readonly address: Address | undefined;
  /** The doors that the request names; all doors if it names none. */
  readonly doors: readonly DoorConfig[];
  /** Services that are protected, and no door may lead to; none if the request names a door. */
  readonly protectedServices: readonly Service[];
  readonly namesDoor: boolean;
}

/**
 * Returns what `close --cut` ends. Connections and UDP flows may outlive their lease: of a named address
 * those go, too, that were made through the doors, whether they are open or not.
 */
export function cutTargets(request: CutRequest): readonly CutTarget[] {
  const { closed, address, doors, protectedServices, namesDoor } = request;
  const made = closed.map(({ source, method }) => {
    return { source, services: method.kind === "native" ? allNamed(method.services) : undefined };
  });
  if (address === undefined) return made;
  // What the commands of a door open only its author knows: all connections, if that door is meant.
  const isAll =
    made.some(({ services }) => services === undefined) || (namesDoor && doors.some(opensUnnamed));
  if (isAll) return [{ source: address, services: undefined }];
  const services = uniqueServices([
    ...made.flatMap((one) => one.services ?? []),
    ...doors.flatMap(namedServices),
    ...protectedServices,
  ]);
  return [{ source: address, services }];
}

/** Ends the connections. Returns how many there were. Throws FIREWALL, SYSTEM. */
export async function cutAll(
  targets: readonly CutTarget[],
  firewalls: Pick<Firewalls, "cut">,
): Promise<number> {
  const counts = targets.map(({ source, services }) => {
    // First: to conntrack the next packet of a connection that it has forgotten begins one.
    firewalls.cut(source, services);
    return cutConnections(source, services);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Returns these services, or `undefined` if they are not all named. */
function allNamed(services: readonly OpenedService[]): readonly Service[] | undefined {
  return services.every(isOneService) ? services : undefined;
}

function opensUnnamed(door: DoorConfig): boolean {
  return door.action.kind === "command" || allNamed(openedServices(door)) === undefined;
}
