// Whether the firewalls of this host let the first packet of a service pass.
import { networkInterfaces } from "node:os";
import type { Service } from "../../base/service.ts";
import { defaultInterfaces } from "../../system/routes.ts";
import type { FirstPacket } from "./packet.ts";
import type { Remedy } from "./remedy.ts";
import { remedyFor } from "./remedy.ts";
import type { HostRules } from "./rulesets.ts";
import { readHostRules } from "./rulesets.ts";
import { decide } from "./simulate.ts";

/** A service that a firewall beside ours drops, also for sources that have knocked. */
export interface BlockedService {
  readonly service: Service;
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
  services: readonly Service[],
): Promise<readonly BlockedService[]> {
  if (services.length === 0) return [];
  return judgeServices(services, await readHostRules(), hostReach());
}

/** Returns those of the services that these rules drop for certain. Pure. */
export function judgeServices(
  services: readonly Service[],
  rules: HostRules,
  { interfaces }: HostReach,
): BlockedService[] {
  return services.flatMap((service) => {
    const found = [...interfaces].flatMap(
      ([family, names]) => judgeFamily(service, rules, family, names) ?? [],
    );
    const [first] = found;
    if (first === undefined) return [];
    const remedies = found.flatMap((one) => one.remedies);
    return {
      service,
      onlyOver: found.length < interfaces.size ? first.family : undefined,
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
  service: Service,
  { tables, iptables }: HostRules,
  family: 4 | 6,
  names: readonly (string | undefined)[],
): FamilyJudgement | undefined {
  const packets = names.map(
    (interfaceName): FirstPacket => ({
      ...{ family, service, interfaceName },
      source: "unnamed",
      mayBeUntracked: false,
    }),
  );
  const decisions = packets.map((packet) => decide(tables, packet));
  if (!decisions.every(({ outcome }) => outcome === "dropped")) return undefined;
  return {
    family,
    hasExceptions: packets.some(
      (packet) => decide(tables, { ...packet, source: "any" }).outcome !== "dropped",
    ),
    remedies: decisions.flatMap(({ droppedBy }) =>
      droppedBy.map((chain) => remedyFor(chain, service, family, iptables)),
    ),
  };
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
