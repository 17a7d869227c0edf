// Parts of rules in the text of nft(8).
import type { Network } from "../../base/address.ts";
import { contains } from "../../base/address.ts";
import type { Port } from "../../base/port.ts";
import type { FlagTest } from "../../base/tcp-flags.ts";
import type { FamilyVersion } from "./kernel-sets.ts";
import { protocolNumbers } from "./nft-element.ts";

export const port = "meta l4proto . th dport";

const segment = "tcp sport . tcp dport . tcp sequence";

/** How long retransmissions are recognized: longer than in src/match, since the kernel rounds down. */
const retransmissionTime = "131s";

/** Packets without TCP options are no retransmissions in src/match. */
export function retransmissionRule(version: FamilyVersion, saddr: string): string {
  return `tcp doff > 5 ${saddr} . ${segment} @heard${version} return`;
}

/** Ends before what follows where there is no room. */
export function hearingRule(version: FamilyVersion, saddr: string): string {
  const key = `${saddr} . ${segment}`;
  return `tcp doff > 5 add @heard${version} { ${key} timeout ${retransmissionTime} }`;
}

/** Ends the attempt of the source. A map wants a value also where one is deleted. */
export function forget(version: FamilyVersion): string {
  const saddr = version === 4 ? "ip saddr" : "ip6 saddr";
  const deletions = ["stage", "since"].map((map) => `delete @${map}${version} { ${saddr} : 0 }`);
  return `meta nfproto ipv${version} ${deletions.join(" ")}`;
}

/** Returns a test that is true where the flags of a packet do not fit. */
export function differs({ mask, value }: FlagTest): string {
  return `tcp flags & ${mask} != ${value}`;
}

export function keyOf({ number, protocol }: Port): string {
  return `${protocolNumbers[protocol]} . ${number}`;
}

export function keys(ports: readonly Port[]): string[] {
  return unique(ports.map(keyOf));
}

/** Without those within others: nft refuses overlaps. */
export function networksOf(networks: readonly Network[], version: FamilyVersion): string[] {
  const isWithin = (a: Network, b: Network) => a.bits >= b.bits && contains(b, a.base);
  const widest = networks.filter(
    (a, i) => !networks.some((b, k) => k !== i && isWithin(a, b) && (k < i || !isWithin(b, a))),
  );
  return widest
    .filter(({ base }) => base.family === version)
    .map(({ base, bits }) => `${base}/${version === 4 ? bits - 96 : bits}`);
}

export function setOf(items: readonly string[]): string {
  return `{ ${items.join(", ")} }`;
}

export function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

/** Groups items by a key, in the order of the first of each group. */
export function grouped<T, K>(items: readonly T[], key: (item: T) => K): [K, [T, ...T[]]][] {
  const found = new Map<K, [T, ...T[]]>();
  for (const item of items) {
    const some = found.get(key(item));
    if (some === undefined) found.set(key(item), [item]);
    else some.push(item);
  }
  return [...found];
}
