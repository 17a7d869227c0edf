// The part of our table that is for hosts behind this one: text for nft(8).
import type { Network } from "../../base/address.ts";
import { formatNetwork } from "../../base/address.ts";
import type { RoutedService, Service } from "../../base/service.ts";
import { formatService, isRouted } from "../../base/service.ts";
import type { ServicesBehind } from "../behind.ts";
import type { CompiledDoor } from "./kernel-doors.ts";
import { doorSet } from "./kernel-sets.ts";
import { groupId, protocolNumbers } from "./nft-element.ts";
import { acceptRules, masqueradeRule, translationRules } from "./nft-forward.ts";
import { formatNftTime } from "./nft-time.ts";

/** Services that are protected, for how long: milliseconds; `undefined` means for ever. */
export interface ProtectedRouted {
  readonly service: Service;
  readonly milliseconds: number | undefined;
}

/** Hosts of which one set says which source may use which service. */
export interface HostGroup {
  /** The end of the names of its sets. */
  readonly id: string;
  readonly hosts: readonly Network[];
}

interface BehindContents extends ServicesBehind {
  /** The doors that the kernel opens by itself. */
  readonly doors: readonly CompiledDoor[];
}

/** The rules for hosts behind this one. */
export interface BehindRules {
  readonly lines: readonly string[];
  /** How many rules each chain has that is in force. */
  readonly chains: ReadonlyMap<BehindChain, number>;
  readonly groups: readonly HostGroup[];
}

/** `routed` drops what nothing has opened; `forwarded` and `masqueraded` translate addresses. */
type BehindChain = "routed" | "forwarded" | "masqueraded";

const hooks: Readonly<Record<BehindChain, string>> = {
  // Behind all translation of addresses: a port that others forward leads to the same services.
  routed: "type filter hook forward priority mangle",
  // Before the rules of others, which may forward the same port.
  forwarded: "type nat hook prerouting priority dstnat - 1",
  masqueraded: "type nat hook postrouting priority srcnat - 1",
};

const families = [
  { version: 4, address: "ip", type: "ipv4_addr" },
  { version: 6, address: "ip6", type: "ipv6_addr" },
] as const;

/** Returns whether a set of our table is only there for hosts behind this one. */
function isOfHosts(name: string): boolean {
  return /^(?:(?:open[46]|protected)_[0-9a-f]{12}|cut[46])$/.test(name);
}

/**
 * Returns the rules that shut what is protected, and open what doors open, on hosts behind this one. `stale`: sets
 * of groups that are in the table and may be no more.
 */
export function behindRules(
  behind: BehindContents,
  protects: readonly ProtectedRouted[],
  table: string,
  stale: readonly string[] = [],
): BehindRules {
  const routed = protects.filter((one): one is ProtectedRouted & { service: RoutedService } =>
    isRouted(one.service),
  );
  const groups = groupsOf([...behind.routed, ...routed.map(({ service }) => service)]);
  const rules: Readonly<Record<BehindChain, readonly string[]>> = {
    routed: routed.length === 0 ? [] : rulesOfRouted(behind, groups),
    forwarded: behind.forwards.flatMap((forward) => translationRules(forward, behind.doors)),
    masqueraded: behind.forwards.filter(({ isMasqueraded }) => isMasqueraded).map(masqueradeRule),
  };
  const chains = Object.entries(rules) as [BehindChain, readonly string[]][];
  const sets = groups.length === 0 ? [] : [...cutSets, ...groups.flatMap(({ id }) => setsOf(id))];
  const gone = stale.filter((name) => isOfHosts(name) && !sets.some((set) => set.name === name));
  // They may be gone by now: what is declared can be deleted.
  const old = gone.flatMap((name) =>
    [...cutSets, ...setsOf(name.replace(/^.*_/, ""))].filter((set) => set.name === name),
  );
  return {
    lines: [
      `table inet ${table} {`,
      ...[...sets, ...old].map(({ name, type }) => `\tset ${name} { ${type}; flags timeout; }`),
      ...chains.map(([name, { length }]) =>
        length === 0 ? `\tchain ${name} { }` : `\tchain ${name} { ${hooks[name]}; policy accept; }`,
      ),
      "}",
      ...chains.map(([name]) => `flush chain inet ${table} ${name}`),
      ...chains.flatMap(([name, { length }]) =>
        length === 0 ? [`delete chain inet ${table} ${name}`] : [],
      ),
      ...groups.map(({ id }) => `flush set inet ${table} protected_${id}`),
      ...gone.map((name) => `delete set inet ${table} ${name}`),
      ...elementsOf(routed).map((element) => `add element inet ${table} ${element}`),
      ...chains.flatMap(([name, some]) =>
        some.map((rule) => `add rule inet ${table} ${name} ${rule}`),
      ),
    ],
    chains: new Map(chains.flatMap(([name, { length }]) => (length === 0 ? [] : [[name, length]]))),
    groups,
  };
}

/** Returns lines for `nft -f FILE` that drop nothing any more on the way to hosts behind this one. */
export function removalOfRouted(table: string): string[] {
  return [
    `table inet ${table} {`,
    "\tchain routed { }",
    "}",
    `flush chain inet ${table} routed`,
    `delete chain inet ${table} routed`,
  ];
}

function groupsOf(services: readonly RoutedService[]): HostGroup[] {
  const groups = services.map(({ hosts }) => ({ id: groupId(hosts), hosts }));
  return [...new Map(groups.map((group) => [group.id, group])).values()];
}

interface NamedSet {
  readonly name: string;
  readonly type: string;
}

/** As the sets for this host, without the hosts: one group has the same hosts for all services. */
function setsOf(id: string): NamedSet[] {
  return [
    ...families.map(({ version, type }) => ({
      name: `open${version}_${id}`,
      type: `type ${type} . inet_proto . inet_service`,
    })),
    { name: `protected_${id}`, type: "type inet_proto . inet_service" },
  ];
}

/** Sources whose connections were cut. */
const cutSets: readonly NamedSet[] = families.map(({ version, type }) => ({
  name: `cut${version}`,
  type: `type ${type}`,
}));

/**
 * As in `protect`, TCP is judged by the SYN alone, whatever conntrack knows, so that connections go on, also those
 * that conntrack has not seen begin. A connection that was cut is one of these: it must not begin again.
 */
function rulesOfRouted(
  { interfaces, forwards, doors }: BehindContents,
  groups: readonly HostGroup[],
): string[] {
  const places = groups.flatMap(({ id, hosts }) =>
    families.flatMap(({ version, address }) => {
      const some = hosts.filter(({ base }) => base.family === version).map(formatNetwork);
      return some.length === 0 ? [] : [{ id, version, address, hosts: `{ ${some.join(", ")} }` }];
    }),
  );
  return [
    ...places.flatMap(({ id, version, address, hosts }) => [
      `tcp flags & (syn | ack) != syn ct state != established ${address} saddr @cut${version} ${address} daddr ${hosts} meta l4proto . th dport @protected_${id} drop`,
      `ct state != established ${address} daddr @cut${version} ${address} saddr ${hosts} meta l4proto . th sport @protected_${id} drop`,
    ]),
    ...(interfaces === undefined
      ? []
      : [`iifname != { ${interfaces.map((name) => `"${name}"`).join(", ")} } accept`]),
    // The kernel forwards these by an address that is in the header only later.
    "ip option lsrr exists drop",
    "ip option ssrr exists drop",
    "tcp flags & (syn | ack) != syn accept",
    "meta l4proto udp ct state established accept",
    ...families.map(({ version, address }) => `${address} saddr @any${version} accept`),
    ...forwards.flatMap((forward) => acceptRules(forward, doors)),
    // All of them before the first drop: the hosts of two doors may overlap.
    ...places.map(
      ({ id, version, address, hosts }) =>
        `${address} daddr ${hosts} ${address} saddr . meta l4proto . th dport @open${version}_${id} accept`,
    ),
    ...places.flatMap(({ id, version, address, hosts }) =>
      doors.flatMap(({ key, opening }) =>
        opening.services
          .filter(isRouted)
          .filter((service) => groupId(service.hosts) === id)
          .map(
            ({ protocol, port }) =>
              `${address} daddr ${hosts} ${protocol} dport ${port} ${address} saddr @${doorSet(key, version)} accept`,
          ),
      ),
    ),
    ...places.map(
      ({ id, address, hosts }) =>
        `${address} daddr ${hosts} meta l4proto . th dport @protected_${id} drop`,
    ),
  ];
}

/** What is protected: for ever if that is said once. */
function elementsOf(routed: readonly (ProtectedRouted & { service: RoutedService })[]): string[] {
  const times = new Map<string, string>();
  for (const { service, milliseconds } of routed) {
    const name = formatService(service);
    if (times.get(name) === "") continue;
    const time = milliseconds === undefined ? "" : ` timeout ${formatNftTime(milliseconds)}`;
    times.set(name, time);
  }
  const unique = new Map(routed.map(({ service }) => [formatService(service), service]));
  return [...unique].map(
    ([name, { protocol, port, hosts }]) =>
      `protected_${groupId(hosts)} { ${protocolNumbers[protocol]} . ${port}${times.get(name)} }`,
  );
}
