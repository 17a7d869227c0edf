import type { Service } from "../../base/service.ts";

/** The name of our table unless the caller gives another. */
export const defaultTable: string = "sesame";

/** Services that are protected for a while: the kernel takes the protection back by itself. */
export interface TimedProtection {
  readonly services: readonly Service[];
  readonly milliseconds: number;
}

/**
 * Text for `nft -f FILE` that makes our table protect exactly `services`, and those of `trial` as long
 * as that lasts, in one transaction, whatever of the table was there before; what is open stays open.
 * Without services there is no chain, and nothing is dropped. It names no interface but lo, so that it
 * can be loaded before the network is up.
 */
export function protectionRuleset(
  services: readonly Service[],
  table: string = defaultTable,
  trial?: TimedProtection,
): string {
  const all = [...services, ...(trial?.services ?? [])];
  const lines = [
    `table inet ${table} {`,
    "\tset open4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }",
    "\tset open6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }",
    "\tset protected { type inet_proto . inet_service; flags timeout; }",
    "\tset echo { type inet_proto; flags timeout; }",
    // What is there already is left as it is, so that what follows finds it in any case.
    `\tchain protect { ${all.length === 0 ? "" : `${hook} `}}`,
    "}",
    `flush set inet ${table} protected`,
    `flush set inet ${table} echo`,
    `flush chain inet ${table} protect`,
    ...(all.length === 0
      ? [`delete chain inet ${table} protect`]
      : [
          ...elements(services, trial).map((element) => `add element inet ${table} ${element}`),
          ...rules(all).map((rule) => `add rule inet ${table} protect ${rule}`),
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Text for `nft -f FILE` that drops nothing any more, whatever is in our table. It leaves all else as it
 * is, so that it works with tables of other versions of this program, too.
 */
export function unprotectRuleset(table: string = defaultTable): string {
  const lines = [
    `table inet ${table} {`,
    "\tchain protect { }",
    "}",
    `flush chain inet ${table} protect`,
    `delete chain inet ${table} protect`,
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

/** "accept" means: none of our business. The chains of others still decide. */
function rules(services: readonly Service[]): string[] {
  return [
    "iif lo accept",
    // Before the established: to conntrack a ping that goes on is a connection.
    ...(services.some(({ protocol }) => protocol === "icmp") ? echoRules : []),
    // Not "related": what a helper of conntrack expects is a new connection, and has to knock too.
    "ct state established accept",
    `fib daddr type != ${local} accept`,
    "ip saddr . meta l4proto . th dport @open4 accept",
    "ip6 saddr . meta l4proto . th dport @open6 accept",
    // SYN alone: a connection from before this chain, which conntrack does not know, goes on.
    "tcp flags & (syn | ack) == syn meta l4proto . tcp dport @protected drop",
    "meta l4proto . udp dport @protected drop",
  ];
}

/** `th sport` is where ICMP has type and code, which is what the sets hold for it. */
const echoRules = (["icmp", "icmpv6"] as const).map((protocol) => {
  const [address, open] = protocol === "icmp" ? ["ip", "open4"] : ["ip6", "open6"];
  const request = `${protocol} type echo-request meta l4proto @echo fib daddr type ${local}`;
  return `${request} ${address} saddr . meta l4proto . th sport != @${open} drop`;
});

/** What is protected: for ever if it is among `services`, else for the time of the trial. */
function elements(services: readonly Service[], trial: TimedProtection | undefined): string[] {
  const time = ` timeout ${Math.ceil(trial?.milliseconds ?? 0)}ms`;
  const times = new Map(trial?.services.flatMap(keys).map((key) => [key, time]));
  for (const key of services.flatMap(keys)) times.set(key, "");
  return [...times].map(([key, timeout]) => `${key}${timeout} }`);
}

/** Numbers, since nft looks names of protocols up in /etc/protocols, which small systems lack. */
function keys(service: Service): string[] {
  if (service.protocol === "icmp") return ["echo { 1", "echo { 58"];
  return [`protected { ${service.protocol === "tcp" ? 6 : 17} . ${service.port}`];
}
