import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import { formatServices } from "../../base/service.ts";
import { namedServices, opensService } from "../../config/config.ts";
import type { Doors } from "../doors.ts";
import { isOpenable } from "../doors.ts";

/** Returns the services that doors open now by their names. A disabled door opens none. */
export function reachableServices(doors: Doors): Service[] {
  return doors.all.filter(isOpenable).flatMap(({ config }) => namedServices(config));
}

/** Returns those services that no door opens. */
export function unreachableServices(services: readonly Service[], doors: Doors): Service[] {
  const enabled = doors.all.filter(isOpenable);
  return services.filter((service) => !enabled.some(({ config }) => opensService(config, service)));
}

/** Throws USAGE if no door opens one of these services, so that protecting it would lock all sources out. */
export function expectReachable(services: readonly Service[], doors: Doors): void {
  const unreachable = unreachableServices(services, doors);
  if (unreachable.length === 0) return;
  const names = formatServices(unreachable);
  const hints = [`a door needs the line: open = ${names}`];
  throw new KnockError("USAGE", `no door opens ${names}: it would be unreachable`, { hints });
}
