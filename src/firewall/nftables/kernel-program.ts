// The program by which nf_tables matches knocks; docs/architecture.md draws it. It is written in the text of
// nft(8). The packet mark is its only register: it is 0 again when a packet leaves.
import type { Network } from "../../base/address.ts";
import type { CompiledDoor, KernelDoor, KernelDoors } from "./kernel-doors.ts";
import { compiledDoors } from "./kernel-doors.ts";
import {
  machine,
  rulesOfBegin,
  rulesOfMatch,
  rulesOfOpened,
  rulesOfRestart,
  rulesOfShut,
  rulesOfWent,
} from "./kernel-machine.ts";
import { rulesOfDecoy, rulesOfTouch, scannerTime } from "./kernel-scanners.ts";
import { chains, doorSets, emptyDoors, families, scannerSets } from "./kernel-sets.ts";
import { formatNftTime } from "./nft-time.ts";
import {
  differs,
  forget,
  grouped,
  hearingRule,
  keys,
  networksOf,
  port,
  retransmissionRule,
  setOf,
  unique,
} from "./rule-text.ts";

/**
 * Returns lines for `nft -f FILE` that make the kernel open these doors, as far as it can, and no others; none
 * if it can open none. What is open stays open. `seed`: a number below 2^32 that sources do not know.
 * `existing`: the sets of the table.
 */
export function doorsRuleset(
  kernel: KernelDoors,
  table: string,
  seed: number,
  existing: readonly string[] = [],
): string[] {
  const { doors, pause = 0, wereTouched = false } = kernel;
  const compiled = compiledDoors(kernel);
  if (compiled.length === 0) return [];
  const isNew = !scannerSets(undefined).every((set) => existing.includes(set));
  const far = doors.filter(({ target, decoys }) => target !== undefined && decoys.length > 0);
  const decoys = keys(doors.filter((door) => !far.includes(door)).flatMap((door) => door.decoys));
  const own = keys(compiled.flatMap(({ sequence }) => sequence));
  const all = keys(doors.flatMap(({ sequence }) => sequence));
  const sets = {
    watched: unique([...all, ...decoys, ...keys(far.flatMap((door) => door.decoys))]),
    decoys,
    foreign: all.filter((key) => !own.includes(key)),
    ...machine(compiled),
    paused: pause > 0 ? allFamilies(formatNftTime(pause)) : [],
    // Without its sets the kernel does not know which sources scan.
    blind: isNew && wereTouched ? allFamilies(scannerTime) : [],
  };
  const rules: Readonly<Record<(typeof chains)[number], readonly string[]>> = {
    knock: rulesOfKnock(kernel),
    step: rulesOfStep(compiled, far),
    match: rulesOfMatch,
    touch: rulesOfTouch(doors),
    begin: rulesOfBegin(seed),
    restart: rulesOfRestart(compiled),
    went: rulesOfWent(compiled),
    opened: rulesOfOpened(compiled),
    decoy: rulesOfDecoy,
    shut4: rulesOfShut(compiled, 4),
    shut6: rulesOfShut(compiled, 6),
  };
  return [
    ...emptyDoors(table),
    ...doorSets(
      compiled.map(({ key }) => key),
      table,
    ),
    ...Object.entries(sets)
      .filter(([, items]) => items.length > 0)
      .map(([name, items]) => `add element inet ${table} ${name} ${setOf(items)}`),
    ...chains.flatMap((chain) =>
      rules[chain].map((rule) => `add rule inet ${table} ${chain} ${rule}`),
    ),
  ];
}

/** Returns elements of a set of families that last for a time. */
function allFamilies(time: string): string[] {
  return families.map(({ version }) => `ipv${version} timeout ${time}`);
}

/** What knockd does not read, or takes for no packet of another host, does not count here either. */
function rulesOfKnock({ interfaces, onlyIpv4 }: KernelDoors): string[] {
  // A label such as that of eth0:1 names an address of an interface; its packets are those of eth0.
  const names = interfaces && unique(interfaces.map((name) => `"${name.replace(/:.*/, "")}"`));
  return [
    ...(names === undefined ? [] : [`iifname != ${setOf(names)} return`]),
    ...(onlyIpv4 ? ["meta nfproto ipv6 return"] : []),
    "ip saddr { 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 } return",
    "ip daddr 127.0.0.0/8 return",
    "ip6 saddr { ::/127, ::ffff:0:0/96, ff00::/8 } return",
    "ip6 daddr { ::1, ::ffff:0:0/96 } return",
    "fib saddr type { local, broadcast } return",
    "tcp doff < 5 return",
    "udp length < 8 return",
    // True where the header is whole: its last field can be read.
    "tcp urgptr >= 0 goto step",
    "udp checksum >= 0 goto step",
  ];
}

/** `far`: doors with a target and decoys, which mean nothing at other addresses. */
function rulesOfStep(compiled: readonly CompiledDoor[], far: readonly KernelDoor[]): string[] {
  const own = keys(compiled.flatMap(({ sequence }) => sequence));
  const elsewhere = keys(far.flatMap(({ decoys }) => decoys)).filter((key) => !own.includes(key));
  return [
    ...far.flatMap(({ target = [], decoys }) =>
      families.flatMap(({ version, daddr }) => {
        const networks = networksOf(target, version);
        if (networks.length === 0) return [];
        return [`${daddr} ${setOf(networks)} ${port} ${setOf(keys(decoys))} goto touch`];
      }),
    ),
    "fib daddr type != local return",
    `${port} @decoys goto touch`,
    // Not recognized as retransmissions: the door of this port may not see the first packet, and see the next.
    ...families.map(({ version }) => `${port} @foreign ${forget(version)} return`),
    ...(elsewhere.length === 0 ? [] : [`${port} ${setOf(elsewhere)} return`]),
    ...conditions(compiled),
    ...families.flatMap(({ version, saddr }) => [
      retransmissionRule(version, saddr),
      `${hearingRule(version, saddr)} goto match`,
    ]),
    // Where there is no room a retransmission could pass for a step, so neither is one.
    ...families.map(({ version }) => `tcp doff > 5 ${forget(version)} return`),
    "goto match",
  ];
}

/** What a door does not see means nothing to it. */
function conditions(compiled: readonly CompiledDoor[]): string[] {
  const byFlags = grouped(compiled, ({ flags }) => differs(flags));
  const bySources = grouped(compiled, ({ allow, deny }) => [allow, deny].map(asText).join(" "));
  return [
    ...byFlags.flatMap(([test, some]) => {
      const steps = some.flatMap(({ sequence }) => sequence);
      const ports = steps.filter(({ protocol }) => protocol === "tcp").map(({ number }) => number);
      if (ports.length === 0) return [];
      return [`${test} tcp dport ${setOf(ports.map(String))} return`];
    }),
    ...bySources.flatMap(([, some]) => {
      const which = `${port} ${setOf(keys(some.flatMap(({ sequence }) => sequence)))} return`;
      return unseenSources(some[0]).map((sources) => `${sources} ${which}`);
    }),
  ];
}

/** Returns what matches the sources that may not knock at a door. */
function unseenSources({ allow, deny }: Pick<KernelDoor, "allow" | "deny">): string[] {
  return families.flatMap(({ version, saddr }) => {
    const denied = networksOf(deny, version);
    const allowed = networksOf(allow ?? [], version);
    const others =
      allowed.length > 0 ? `${saddr} != ${setOf(allowed)}` : `meta nfproto ipv${version}`;
    return [
      ...(denied.length > 0 ? [`${saddr} ${setOf(denied)}`] : []),
      ...(allow === undefined ? [] : [others]),
    ];
  });
}

function asText(networks: readonly Network[] | undefined): string {
  return String(networks?.map(({ base, bits }) => `${base}/${bits}`));
}
