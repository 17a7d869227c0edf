// The doors of a configuration as the kernel has to know them.
import { backends } from "../base/backends.ts";
import type { Sequence } from "../base/sequence.ts";
import { openedAs, uniqueServices } from "../base/service.ts";
import type { Config, ConfigOptions, DoorConfig } from "../config/config.ts";
import { fixedSteps, namedServices, servicesFor } from "../config/config.ts";
import type { KernelDoor, KernelDoors } from "../firewall/nftables/kernel-doors.ts";
import { selectDoors } from "../firewall/nftables/kernel-doors.ts";
import type { NumberedDoor } from "./access-request.ts";
import type { Doors } from "./doors.ts";

/** Returns whether a configuration wants the kernel to open doors by itself, and has the firewall for it. */
export function wantsKernelDoors({
  kernelDoors,
  firewall,
}: Pick<ConfigOptions, "firewall" | "kernelDoors">): boolean {
  return kernelDoors && backends[firewall].canProtect;
}

/** Whether the kernel opens a native door where its services are protected. */
export interface NamedKernelDoor {
  readonly door: string;
  readonly opens: boolean;
  /** Why not, as a clause. */
  readonly why?: string;
}

/** Returns what the kernel makes of the native doors of a configuration where nft takes all; none if it is to open none. */
export function nativeKernelDoors({ options, doors }: Config): readonly NamedKernelDoor[] {
  if (!wantsKernelDoors(options)) return [];
  const all = doors.map((config) => {
    const sequence = fixedSteps(config);
    return describeDoor({ config, nth: 1 }, sequence, config.target && [], []);
  });
  const states = selectDoors({ doors: all, interfaces: options.interfaces, onlyIpv4: false });
  return doors.flatMap(({ name, action }, i) => {
    const state = states[i];
    return action.kind === "native" && state !== undefined ? [{ door: name, ...state }] : [];
  });
}

const families = [4, 6] as const;

function obstacleOf({ sequence, until, action }: DoorConfig): string | undefined {
  if (sequence.kind === "none") return "keys alone open it";
  if (sequence.kind === "one-time") return "its sequences are used once";
  const services = action.kind === "native" ? action.services : [];
  if (services.some(({ protocol }) => protocol === "any")) return "it opens all services";
  const all = uniqueServices(services.map(openedAs)).length;
  const counts = families.map((family) => servicesFor(services, family).length);
  // A door has one key in the kernel, which names all that it opens.
  if (counts.some((count) => count > 0 && count < all)) {
    return "it opens other services over IPv4 than over IPv6";
  }
  return until === undefined ? undefined : "it ends at a date";
}

export type KernelInterfaces = Pick<KernelDoors, "interfaces" | "obstacle">;

/** Returns doors, as they are at this moment, as the kernel has to know them. */
export function kernelDoorsOf(
  doors: Pick<Doors, "all">,
  interfaces: KernelInterfaces,
  onlyIpv4: boolean,
): KernelDoors {
  const all = doors.all.map(({ config, nth, door, decoys }): KernelDoor => {
    // A name that stands for no address yet is a target, too.
    const target = config.target && (door?.target ?? []);
    return describeDoor({ config, nth }, door?.sequence ?? [], target, decoys);
  });
  return { doors: all, ...interfaces, onlyIpv4 };
}

function describeDoor(
  { config, nth }: NumberedDoor,
  sequence: Sequence,
  target: KernelDoor["target"],
  decoys: KernelDoor["decoys"],
): KernelDoor {
  const { name, timeout, flags, allow, deny, action } = config;
  const opening =
    action.kind === "native"
      ? {
          services: namedServices(config),
          families: families.filter((family) => servicesFor(action.services, family).length > 0),
          openFor: action.openFor,
        }
      : undefined;
  const obstacle = obstacleOf(config);
  return { name, nth, sequence, obstacle, timeout, flags, target, allow, deny, decoys, opening };
}
