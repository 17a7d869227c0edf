import { isForwarded, isRouted, uniqueServices } from "../base/service.ts";
import type { Config } from "../config/config.ts";
import { openedServices } from "../config/config.ts";
import type { Forward, ServicesBehind } from "../firewall/behind.ts";

/** Returns what the doors of a configuration open on hosts behind this one. */
export function servicesBehind({ options, doors }: Config): ServicesBehind {
  const forwards = doors.flatMap((door): Forward[] => {
    const isMasqueraded = door.action.kind === "native" && door.action.masquerade;
    return openedServices(door)
      .filter(isForwarded)
      .map((service) => ({ ...service, isMasqueraded }));
  });
  // Of two alike the last counts.
  const sorted = [...forwards].sort((a, b) => Number(a.isMasqueraded) - Number(b.isMasqueraded));
  return {
    // The kernel knows the device of an alias such as eth0:1 alone.
    interfaces: options.interfaces?.map((name) => name.split(":")[0] ?? name),
    routed: uniqueServices(doors.flatMap(openedServices).filter(isRouted)),
    forwards: uniqueServices(sorted),
  };
}
