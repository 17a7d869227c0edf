import type { Service } from "../../base/service.ts";
import { isRouted } from "../../base/service.ts";
import type { ServicesBehind } from "../behind.ts";
import { nothingBehind } from "../behind.ts";
import type { CompiledDoor, KernelDoors } from "./kernel-doors.ts";
import { compiledDoors } from "./kernel-doors.ts";
import { doorsRuleset } from "./kernel-program.ts";
import { handoverRule, isDoorSet, removalOfDoorSets, removalOfDoors } from "./kernel-sets.ts";
import type { BehindRules } from "./nft-behind.ts";
import { behindRules } from "./nft-behind.ts";
import type { EndedSet, OpenSet } from "./nft-element.ts";
import { formatNftTime } from "./nft-time.ts";

/** The name of our table unless the caller gives another. */
export const defaultTable: string = "sesame";

/** The chain that drops. */
export const chainName = "protect";

/** Services that are protected for a while: the kernel takes the protection back by itself. */
export interface TimedProtection {
  readonly services: readonly Service[];
  readonly milliseconds: number;
}

/** Text for `nft -f FILE`. */
export interface Ruleset {
  readonly text: string;
  /** How many rules the chain has then: 0 if there is no chain. */
  readonly rules: number;
  readonly behind: Pick<BehindRules, "chains" | "groups">;
  /** The doors that the kernel opens by itself. */
  readonly doors: readonly CompiledDoor[];
}

export interface TableContents {
  readonly services: readonly Service[];
  readonly trial?: TimedProtection | undefined;
  /** Absent: nothing. */
  readonly behind?: ServicesBehind;
  /** `undefined`: the kernel opens none. */
  readonly doors?: KernelDoors | undefined;
  /** As of `doorsRuleset`. */
  readonly seed: number;
}

/**
 * Returns the rulesets for our table, the best first: each is for kernels and versions of nft that refuse the
 * one before. The last one protects, and does nothing else. `stale`: sets that the table may need no more;
 * what is open by those of other doors is closed.
 */
export function rulesetsFor(
  contents: TableContents,
  table: string = defaultTable,
  stale: readonly string[] = [],
): Ruleset[] {
  const { services, trial, behind = nothingBehind, doors, seed } = contents;
  const all = [...services, ...(trial?.services ?? [])];
  const compiled = doors !== undefined && all.length > 0 ? compiledDoors(doors) : [];
  const make = (
    before: string[],
    some: ServicesBehind,
    after: string[],
    opened: readonly CompiledDoor[],
  ) => {
    const hasDoors = opened.length > 0;
    const { lines, ...rest } = behindRules(
      { ...some, doors: opened },
      timed(services, trial),
      table,
      stale,
    );
    const protection = protectionRuleset(services, table, trial, hasDoors);
    const text = `${joinLines(before)}${protection}${joinLines([...lines, ...after])}`;
    const rules = rulesFor(all.filter(isHere), hasDoors).length;
    return { text, rules, behind: rest, doors: opened };
  };
  const sets = stale.filter(isDoorSet);
  const gone = sets.filter((set) => !compiled.some(({ key }) => set.endsWith(key)));
  const after = removalOfDoorSets(table, gone);
  return [
    doors !== undefined && compiled.length > 0
      ? make(doorsRuleset(doors, table, seed, stale), behind, after, compiled)
      : make([], behind, removalOfDoors(table, sets), []),
    ...(behind.forwards.length > 0 ? [make([], behind, [], [])] : []),
    make([], { ...behind, forwards: [] }, [], []),
  ];
}

function timed(services: readonly Service[], trial: TimedProtection | undefined) {
  const onTrial = trial?.services.map((service) => {
    return { service, milliseconds: trial.milliseconds };
  });
  return [...services.map((service) => ({ service, milliseconds: undefined })), ...(onTrial ?? [])];
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function isHere(service: Service): boolean {
  return !isRouted(service);
}

/**
 * Text for `nft -f FILE` that makes our table protect exactly those of `services` that are services of this
 * host, and of `trial` as long as that lasts, in one transaction, whatever of the table was there before; what is open stays open.
 * Without services there is no chain, and nothing is dropped. It names no interface but lo, so that it
 * can be loaded before the network is up. `hasDoors`: what doors in the kernel need is there.
 */
export function protectionRuleset(
  services: readonly Service[],
  table: string = defaultTable,
  trial?: TimedProtection,
  hasDoors = false,
): string {
  const all = [...services, ...(trial?.services ?? [])].filter(isHere);
  const rules = rulesFor(all, hasDoors);
  const lines = [
    `table inet ${table} {`,
    "\tset open4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }",
    "\tset open6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }",
    "\tset any4 { type ipv4_addr; flags timeout; }",
    "\tset any6 { type ipv6_addr; flags timeout; }",
    "\tset ended4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }",
    "\tset ended6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }",
    "\tset protected { type inet_proto . inet_service; flags timeout; }",
    "\tset echo { type inet_proto; flags timeout; }",
    // What is there already is left as it is, so that what follows finds it in any case.
    `\tchain protect { ${rules.length === 0 ? "" : `${hook} `}}`,
    "}",
    `flush set inet ${table} protected`,
    `flush set inet ${table} echo`,
    `flush chain inet ${table} protect`,
    ...(rules.length === 0
      ? [`delete chain inet ${table} protect`]
      : [
          ...elements(services, trial).map((element) => `add element inet ${table} ${element}`),
          ...rules.map((rule) => `add rule inet ${table} protect ${rule}`),
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Priority mangle (-150) is behind conntrack (-200), so that established connections are known and
 * fragments put together, and before DNAT (-100), so that the port is the one that was asked for.
 */
const hook = "type filter hook prerouting priority mangle; policy accept;";

// Multicast and broadcast get to local sockets just as well: what is "unicast" to fib is another host's.
const local = "{ local, broadcast, anycast, multicast }";

/**
 * What is not dropped is left to the chains of others: "accept" ends this chain alone. TCP is judged before
 * conntrack is asked: it calls a SYN established where it still remembers a connection between the same
 * ports. A SYN begins a connection whatever conntrack knows, and no other packet of TCP does: connections
 * that exist go on, also those that conntrack has not seen begin.
 */
function rulesFor(services: readonly Service[], hasDoors: boolean): string[] {
  if (services.length === 0) return hasDoors ? ["iif lo accept", handoverRule] : [];
  const dropUnlessOpen = hasDoors ? dropUnlessInEither : dropUnlessInOpen;
  return [
    "iif lo accept",
    // Before all else: a packet of a knock may be to a protected service, or part of a connection.
    ...(hasDoors ? [handoverRule] : []),
    // Before the established: to conntrack a ping that goes on is a connection.
    ...(services.some(({ protocol }) => protocol === "icmp")
      ? families.map((family) =>
          dropUnlessOpen(
            family,
            `${family.echo} type echo-request meta l4proto @echo`,
            // Where ICMP has type and code, which is what the sets hold for it.
            "th sport",
          ),
        )
      : []),
    ...families.map((family) =>
      dropUnlessOpen(
        family,
        "tcp flags & (syn | ack) == syn meta l4proto . tcp dport @protected",
        "th dport",
      ),
    ),
    // Before the established: an answer that was under way begins a flow of this host, and to conntrack
    // the packets of the source are then answers to that.
    ...families.map((family) =>
      dropUnlessOpen(
        family,
        `meta l4proto . udp dport @protected ${family.address} saddr . meta l4proto . th dport @${family.ended}`,
        "th dport",
      ),
    ),
    // Not "related": what a helper of conntrack expects is a new connection, and has to knock too.
    "ct state established accept",
    ...families.map((family) =>
      dropUnlessOpen(family, "meta l4proto . udp dport @protected", "th dport"),
    ),
  ];
}

interface AddressFamily {
  readonly address: "ip" | "ip6";
  readonly open: OpenSet;
  readonly any: OpenSet;
  readonly ended: EndedSet;
  readonly shut: "shut4" | "shut6";
  readonly echo: "icmp" | "icmpv6";
}

const families: readonly AddressFamily[] = [
  { address: "ip", open: "open4", any: "any4", ended: "ended4", shut: "shut4", echo: "icmp" },
  { address: "ip6", open: "open6", any: "any6", ended: "ended6", shut: "shut6", echo: "icmpv6" },
];

/** Drops what is for this host and comes from a source for which `field` is not open. */
function dropUnlessInOpen(family: AddressFamily, match: string, field: string): string {
  const { address, open, any } = family;
  const notOpen = `${address} saddr . meta l4proto . ${field} != @${open}`;
  return `${match} fib daddr type ${local} ${notOpen} ${address} saddr != @${any} drop`;
}

/** As `dropUnlessInOpen`, and neither the kernel has opened it by itself. */
function dropUnlessInEither(family: AddressFamily, match: string, field: string): string {
  return dropUnlessInOpen(family, match, field).replace(/drop$/, `goto ${family.shut}`);
}

/** What is protected: for ever if it is among `services`, else for the time of the trial. */
function elements(services: readonly Service[], trial: TimedProtection | undefined): string[] {
  const time = ` timeout ${formatNftTime(trial?.milliseconds ?? 0)}`;
  const times = new Map(
    trial?.services
      .filter(isHere)
      .flatMap(keys)
      .map((key) => [key, time]),
  );
  for (const key of services.filter(isHere).flatMap(keys)) times.set(key, "");
  return [...times].map(([key, timeout]) => `${key}${timeout} }`);
}

/** Numbers, since nft looks names of protocols up in /etc/protocols, which small systems lack. */
function keys(service: Service): string[] {
  if (service.protocol === "icmp") return ["echo { 1", "echo { 58"];
  return [`protected { ${service.protocol === "tcp" ? 6 : 17} . ${service.port}`];
}
