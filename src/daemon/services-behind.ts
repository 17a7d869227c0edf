import { isForwarded, isRouted, uniqueServices } from "../base/service.ts";
import type { Config } from "../config/config.ts";
import { openedServices } from "../config/config.ts";
import type { Forward, ServicesBehind } from "../firewall/behind.ts";
import { isNftName } from "../firewall/nftables/kernel-doors.ts";
import type { NetworkChanges } from "./host/network.ts";

/** Tells what the kernel calls an interface of the configuration. */
export type DeviceLookup = NetworkChanges["deviceOf"];

/** Returns what the doors of a configuration open on hosts behind this one. */
export function servicesBehind({ options, doors }: Config, deviceOf: DeviceLookup): ServicesBehind {
  const forwards = doors.flatMap((door): Forward[] => {
    const isMasqueraded = door.action.kind === "native" && door.action.masquerade;
    return openedServices(door)
      .filter(isForwarded)
      .map((service) => ({ ...service, isMasqueraded }));
  });
  // Of two alike the last counts.
  const sorted = [...forwards].sort((a, b) => Number(a.isMasqueraded) - Number(b.isMasqueraded));
  return {
    interfaces: devicesOf(options.interfaces, deviceOf),
    routed: uniqueServices(doors.flatMap(openedServices).filter(isRouted)),
    forwards: uniqueServices(sorted),
  };
}

/** All, unless each is known: on an interface that a rule does not name, all sources pass. */
function devicesOf(
  names: readonly string[] | undefined,
  deviceOf: DeviceLookup,
): readonly string[] | undefined {
  const devices = names
    ?.flatMap((name) => {
      const device = deviceOf(name);
      return device?.master ?? device?.name ?? [];
    })
    .filter(isNftName);
  return devices?.length === names?.length ? devices && [...new Set(devices)] : undefined;
}
