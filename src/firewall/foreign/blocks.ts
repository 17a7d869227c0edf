// Whether the firewalls of this host let the first packet of a service pass.
import { networkInterfaces } from "node:os";
import type { DoorService } from "../../base/service.ts";
import { isForwarded, isOneService, isRouted } from "../../base/service.ts";
import { defaultInterfaces } from "../../system/routes.ts";
import { chains as doorChains } from "../nftables/kernel-sets.ts";
import { defaultTable } from "../nftables/nft-ruleset.ts";
import type { FirstPacket } from "./packet.ts";
import type { Remedy } from "./remedy.ts";
import { remedyFor } from "./remedy.ts";
import type { FilterTable } from "./ruleset.ts";
import type { HostRules } from "./rulesets.ts";
import { readHostRules } from "./rulesets.ts";
import { decide } from "./simulate.ts";

/** A service that a firewall beside ours drops, also for sources that have knocked. */
export interface BlockedService {
  readonly service: DoorService;
  /** The family of addresses over which it is dropped; `undefined`: all that this host has. */
  readonly onlyOver: 4 | 6 | undefined;
  /** Whether rules name sources that may pass all the same. */
  readonly hasExceptions: boolean;
  /** One for each firewall that drops. */
  readonly remedies: readonly Remedy[];
}

/** The ways in which packets come to this host. */
export interface HostReach {
  /** The interfaces of each family to look at; absent: the host has no addresses of it. */
  readonly interfaces: ReadonlyMap<4 | 6, readonly (string | undefined)[]>;
}

/** Returns those of the services that another firewall of this host drops for certain. Takes 2 s at most. */
export async function findBlockedServices(
  services: readonly DoorService[],
): Promise<readonly BlockedService[]> {
  if (services.length === 0) return [];
  return judgeServices(services, await readHostRules(), hostReach());
}

/**
 * What ours drops, a knock opens; of the rules that open doors nothing here is certain. A table of another name
 * is known by the chains of these.
 */
function isForeign({ tool, name, chains }: FilterTable): boolean {
  if (tool !== "nft") return true;
  return name !== defaultTable && !doorChains.every((chain) => chains.has(chain));
}

/** Returns those of the services that these rules drop for certain. Pure. */
export function judgeServices(
  services: readonly DoorService[],
  { tables, iptables }: HostRules,
  { interfaces }: HostReach,
): BlockedService[] {
  const rules = { tables: tables.filter(isForeign), iptables };
  return services.flatMap((service) => {
    const found = [...interfaces].flatMap(
      ([family, names]) => judgeFamily(service, rules, family, names) ?? [],
    );
    const [first] = found;
    if (first === undefined) return [];
    const remedies = found.flatMap((one) => one.remedies);
    const possible = [...interfaces].filter(([family]) => waysTo(service, family).length > 0);
    return {
      service,
      onlyOver: found.length < possible.length ? first.family : undefined,
      hasExceptions: found.some((one) => one.hasExceptions),
      remedies: [...new Map(remedies.map((one) => [keyOf(one), one])).values()],
    };
  });
}

interface FamilyJudgement {
  readonly family: 4 | 6;
  readonly hasExceptions: boolean;
  readonly remedies: readonly Remedy[];
}

/** Returns what drops a service on all of the interfaces, or `undefined`. */
function judgeFamily(
  service: DoorService,
  { tables, iptables }: HostRules,
  family: 4 | 6,
  names: readonly (string | undefined)[],
): FamilyJudgement | undefined {
  const packets = waysTo(service, family).flatMap((way) =>
    names.map(
      (interfaceName): FirstPacket => ({
        ...{ ...way, family, interfaceName },
        source: "unnamed",
        mayBeUntracked: false,
      }),
    ),
  );
  const decisions = packets.map((packet) => ({ packet, ...decide(tables, packet) }));
  const isDropped = decisions.every(({ outcome }) => outcome === "dropped");
  if (packets.length === 0 || !isDropped) return undefined;
  return {
    family,
    hasExceptions: packets.some(
      (packet) => decide(tables, { ...packet, source: "any" }).outcome !== "dropped",
    ),
    remedies: decisions.flatMap(({ packet, droppedBy }) =>
      droppedBy.map((chain) => remedyFor(chain, packet, iptables)),
    ),
  };
}

type PacketWay = Pick<FirstPacket, "service" | "destination" | "isTranslated">;

/** Returns what a packet over this family is when this host judges it; none if it has no such way. */
function waysTo(service: DoorService, family: 4 | 6): PacketWay[] {
  if (isForwarded(service)) {
    const { protocol, target } = service;
    if (target.address.family !== family) return [];
    const destination = { base: target.address, bits: 128 };
    return [{ service: { protocol, port: target.port }, destination, isTranslated: true }];
  }
  if (isRouted(service)) {
    const { protocol, port, hosts } = service;
    return hosts
      .filter(({ base }) => base.family === family)
      .map((host) => ({ service: { protocol, port }, destination: host, isTranslated: false }));
  }
  if (!isOneService(service)) return [];
  return [{ service, destination: undefined, isTranslated: false }];
}

function keyOf({ command, advice, blocker }: Remedy): string {
  return command ?? advice ?? blocker;
}

function hostReach(): HostReach {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = ([4, 6] as const).filter((family) =>
    addresses.some(
      (one) => one.family === `IPv${family}` && !one.internal && !/^fe80:/i.test(one.address),
    ),
  );
  // Before the network is up, it may have both.
  const families = found.length > 0 ? found : ([4, 6] as const);
  const ways = families.map((family) => {
    const names = defaultInterfaces(family);
    return [family, names.length > 0 ? names : [undefined]] as const;
  });
  return { interfaces: new Map(ways) };
}
