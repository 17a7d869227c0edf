import type { Network } from "../../base/address.ts";
import { formatNetwork } from "../../base/address.ts";
import type { Service } from "../../base/service.ts";
import { formatService } from "../../base/service.ts";
import type { FirstPacket } from "./packet.ts";
import type { DroppingChain } from "./simulate.ts";

/** What drops packets, and what an administrator types to let them pass. */
export interface Remedy {
  /** Such as `ufw`, or the chain itself. */
  readonly blocker: string;
  readonly manager: "ufw" | "firewalld" | "iptables" | "nftables";
  /** A line of shell without `sudo`; `undefined`: no single line does it. */
  readonly command: string | undefined;
  /** What to do where no single line does it. */
  readonly advice?: string;
}

/** The commands of iptables by family: those that change tables of nftables, and those of older ones. */
export interface IptablesNames {
  readonly nft: string;
  readonly legacy: string;
}

/** Returns how to let a packet pass a chain that drops it. */
export function remedyFor(
  dropping: DroppingChain,
  packet: FirstPacket,
  names: IptablesNames,
): Remedy {
  const { table, chain, visited } = dropping;
  const { service, family, destination } = packet;
  if (visited.some((name) => /^ufw6?-/.test(name))) {
    return destination === undefined
      ? remedyOfUfw(service, dropping)
      : routeByUfw(service, destination);
  }
  const zone = zoneOf(dropping);
  if (zone !== undefined) {
    return destination === undefined
      ? remedyOfFirewalld(service, family, zone)
      : routeByFirewalld(service, destination);
  }
  const to = destination === undefined ? "" : formatNetwork(destination);
  if (table.tool === "nft") {
    const where = to && `${family === 4 ? "ip" : "ip6"} daddr ${to} `;
    const match = `${where}${nftMatch(service, family)}`;
    return {
      blocker: `chain ${chain.name} of nftables table ${table.family} ${table.name}`,
      manager: "nftables",
      command: `nft insert rule ${table.family} ${table.name} ${chain.name} ${match} accept`,
    };
  }
  const name = table.tool === "iptables-nft" ? names.nft : names.legacy;
  const program = family === 4 ? name : name.replace("iptables", "ip6tables");
  const option = table.name === "filter" ? "" : `-t ${table.name} `;
  return {
    blocker: `chain ${chain.name} of ${program}${table.name === "filter" ? "" : `, table ${table.name}`}`,
    manager: "iptables",
    command: `${program} ${option}-I ${chain.name} ${to && `-d ${to} `}${iptablesMatch(service, family)} -j ACCEPT`,
  };
}

function remedyOfUfw(service: Service, { visited, droppers }: DroppingChain): Remedy {
  const user = visited.find((name) => /^ufw6?-user-input$/.test(name));
  if (service.protocol === "icmp" || user === undefined) {
    return {
      blocker: "ufw",
      manager: "ufw",
      command: undefined,
      advice: "accept it in /etc/ufw/before.rules and before6.rules, then: sudo ufw reload",
    };
  }
  const command = `ufw allow ${service.port}/${service.protocol}`;
  // A rule of the administrator's decides: one that is appended comes too late.
  if (droppers.has(user)) {
    const advice = `delete the rule that denies it (sudo ufw status numbered), then: sudo ${command}`;
    return { blocker: "ufw", manager: "ufw", command: undefined, advice };
  }
  return { blocker: "ufw", manager: "ufw", command };
}

function routeByUfw(service: Service, destination: Network): Remedy {
  if (service.protocol === "icmp") return { blocker: "ufw", manager: "ufw", command: undefined };
  const to = `to ${formatNetwork(destination)} port ${service.port}`;
  const command = `ufw route allow proto ${service.protocol} ${to}`;
  return { blocker: "ufw", manager: "ufw", command };
}

/** A policy of firewalld has a name and two zones, which only the administrator knows. */
function routeByFirewalld(service: Service, destination: Network): Remedy {
  const advice = `let a policy of firewalld forward ${formatService(service)} to ${formatNetwork(destination)} (firewalld.policies(5))`;
  return { blocker: "firewalld", manager: "firewalld", command: undefined, advice };
}

/** Returns the zone of firewalld whose rules the packet meets last; `undefined` if they are not firewalld's. */
function zoneOf({ table, visited }: DroppingChain): string | undefined {
  const zones = visited.flatMap((name) => {
    const zone = /^(?:filter_)?(?:IN|FWD)_(.+?)(?:_(?:pre|log|deny|allow|post))?$/.exec(name)?.[1];
    return zone === undefined || /^policy_/.test(zone) ? [] : [zone];
  });
  if (zones.length > 0) return zones.at(-1);
  return table.name === "firewalld" ? "" : undefined;
}

function remedyOfFirewalld(service: Service, family: 4 | 6, zone: string): Remedy {
  const option = zone === "" ? "" : ` --zone=${zone}`;
  const what =
    service.protocol === "icmp"
      ? `--add-protocol=${family === 4 ? "icmp" : "ipv6-icmp"}`
      : `--add-port=${service.port}/${service.protocol}`;
  const command = `firewall-cmd --permanent${option} ${what} && sudo firewall-cmd --reload`;
  return { blocker: "firewalld", manager: "firewalld", command };
}

function nftMatch(service: Service, family: 4 | 6): string {
  if (service.protocol !== "icmp") return `${service.protocol} dport ${service.port}`;
  return `${family === 4 ? "icmp" : "icmpv6"} type echo-request`;
}

function iptablesMatch(service: Service, family: 4 | 6): string {
  if (service.protocol !== "icmp") return `-p ${service.protocol} --dport ${service.port}`;
  return family === 4 ? "-p icmp --icmp-type echo-request" : "-p icmpv6 --icmpv6-type echo-request";
}
