import { createHash } from "node:crypto";
import type { Network } from "../../base/address.ts";
import type { Port, PortKey } from "../../base/port.ts";
import { portKey } from "../../base/port.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { OpenedService, Service } from "../../base/service.ts";
import { formatServices, uniqueServices } from "../../base/service.ts";
import type { FlagTest } from "../../base/tcp-flags.ts";

/** A door of the configuration as the kernel has to know it: it may open it, and must know its ports. */
export interface KernelDoor {
  readonly name: string;
  /** Which of the doors of this name, counted from 1. */
  readonly nth: number;
  /** Empty if the door is disabled. */
  readonly sequence: Sequence;
  /** What of its configuration the kernel cannot keep, as a clause; `undefined`: nothing. */
  readonly obstacle: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly flags: FlagTest;
  /** `undefined` means this host. */
  readonly target: readonly Network[] | undefined;
  /** `undefined` means all sources that are not in `deny`. */
  readonly allow: readonly Network[] | undefined;
  readonly deny: readonly Network[];
  readonly decoys: readonly KernelDecoy[];
  /** `undefined` for a door of commands. */
  readonly opening: KernelOpening | undefined;
}

interface KernelDecoy extends Port {
  /** The system takes such ports for its own connections: a packet with ACK may be an answer. */
  readonly local: boolean;
}

interface KernelOpening {
  readonly services: readonly Service[];
  /** The families of the sources that it is for. */
  readonly families: readonly (4 | 6)[];
  /** Milliseconds. */
  readonly openFor: number;
}

/** All doors of a configuration, and which packets count for them. */
export interface KernelDoors {
  readonly doors: readonly KernelDoor[];
  /** The interfaces whose packets count; `undefined` means all. */
  readonly interfaces: readonly string[] | undefined;
  /** Why the kernel can open no door, as a clause. Absent: nothing. */
  readonly obstacle?: string | undefined;
  /** IPv6 packets do not count. */
  readonly onlyIpv4: boolean;
  /** Milliseconds for which the kernel opens nothing. Absent: 0. */
  readonly pause?: number;
  /** Sources have touched decoys lately. Where the kernel has lost which, it opens nothing meanwhile. */
  readonly wereTouched?: boolean;
}

/** A door that the kernel can open. */
export interface CompiledDoor extends KernelDoor {
  readonly opening: KernelOpening;
  /** As of `doorKey`. */
  readonly key: string;
}

/**
 * Returns what names a door and its services in the kernel, from one daemon to the next: 16 hexadecimal digits.
 * A door that opens something else now has another key, so what it opened then is not taken for that.
 */
export function doorKey(
  { name, nth }: Pick<KernelDoor, "name" | "nth">,
  services: readonly OpenedService[],
): string {
  const text = JSON.stringify([name, nth, formatServices(uniqueServices(services))]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Whether the kernel opens a door by itself; if not, `why` says it in a clause such as "it runs commands". */
export type KernelDoorState =
  | { readonly opens: true }
  | { readonly opens: false; readonly why: string };

/**
 * Milliseconds that a time of the kernel lasts at least. Kernels count in ticks of up to 10 ms, and an
 * element whose time is rounded to 0 never expires.
 */
const shortestTime = 100;

/** Returns which doors the kernel can open, in the order of the doors. Of two that share a port the first counts. */
export function selectDoors({ doors, ...rest }: KernelDoors): readonly KernelDoorState[] {
  const general = generalObstacle(rest);
  if (general !== undefined) return doors.map(() => ({ opens: false, why: general }));
  const users = new Map<PortKey, KernelDoor[]>();
  for (const door of doors) {
    for (const key of new Set(keysOf(door))) users.set(key, [...(users.get(key) ?? []), door]);
  }
  const taken = new Set<PortKey>();
  return doors.map((door): KernelDoorState => {
    const why = obstacleOf(door) ?? obstacleOfSharing(door, users, taken);
    if (why !== undefined) return { opens: false, why };
    for (const key of keysOf(door)) taken.add(key);
    return { opens: true };
  });
}

/** Returns the doors that `selectDoors` selects. */
export function compiledDoors(doors: KernelDoors): readonly CompiledDoor[] {
  const states = selectDoors(doors);
  return doors.doors.flatMap((door, i) =>
    states[i]?.opens && door.opening !== undefined
      ? [{ ...door, opening: door.opening, key: doorKey(door, door.opening.services) }]
      : [],
  );
}

/** Returns whether nft takes the name of an interface as it is. */
export function isNftName(name: string): boolean {
  return /^[\w.:@-]+$/.test(name);
}

function generalObstacle({
  interfaces,
  obstacle,
}: Pick<KernelDoors, "interfaces" | "obstacle">): string | undefined {
  if (obstacle !== undefined || (interfaces?.every(isNftName) ?? true)) return obstacle;
  return "an interface has a name that nft does not take";
}

function keysOf({ sequence }: Pick<KernelDoor, "sequence">): PortKey[] {
  return sequence.map(({ number, protocol }) => portKey(number, protocol));
}

function obstacleOf(door: KernelDoor): string | undefined {
  if (door.opening === undefined) return "it runs commands";
  if (door.obstacle !== undefined) return door.obstacle;
  if (door.sequence.length === 0) return "it is disabled";
  if (door.target !== undefined) return "it has a Target";
  if (new Set(keysOf(door)).size < door.sequence.length) {
    return "its sequence has a port twice";
  }
  if (door.timeout < shortestTime) return "its Seq_Timeout is shorter than 100 ms";
  if (door.opening.openFor < shortestTime) return "its Open_For is shorter than 100 ms";
  return undefined;
}

/**
 * A packet that both doors see is the same to each. Where only the other sees it, a later packet that looks
 * like a retransmission of it would count in the kernel, but not in knockd.
 */
function obstacleOfSharing(
  door: KernelDoor,
  users: ReadonlyMap<PortKey, readonly KernelDoor[]>,
  taken: ReadonlySet<PortKey>,
): string | undefined {
  for (const key of keysOf(door)) {
    for (const other of users.get(key) ?? []) {
      if (other === door) continue;
      const differs =
        other.target !== undefined ||
        other.flags.mask !== door.flags.mask ||
        other.flags.value !== door.flags.value;
      if (taken.has(key) || differs) return `door ${other.name} has a port of its sequence, too`;
    }
  }
  return undefined;
}
