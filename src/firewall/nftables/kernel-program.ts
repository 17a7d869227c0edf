// Longer than other files: one program, whose rules depend on each other across its chains.
// The program by which nf_tables matches knocks; docs/architecture.md draws it. It is written in the text of
// nft(8). The packet mark is its only register: it is 0 again when a packet leaves.
import type { Network } from "../../base/address.ts";
import { contains } from "../../base/address.ts";
import type { Port } from "../../base/port.ts";
import type { Service } from "../../base/service.ts";
import { isRouted } from "../../base/service.ts";
import type { FlagTest } from "../../base/tcp-flags.ts";
import type { CompiledDoor, KernelDoor, KernelDoors } from "./kernel-doors.ts";
import { compiledDoors } from "./kernel-doors.ts";
import type { FamilyVersion } from "./kernel-sets.ts";
import { chains, doorSet, doorSets, emptyDoors, families, scannerSets } from "./kernel-sets.ts";
import { protocolNumbers } from "./nft-element.ts";
import { formatNftTime } from "./nft-time.ts";

const port = "meta l4proto . th dport";

/** In a state: a door opens. The other bits are the number of the door. */
const OPEN = 0x80000000;

// Longer than the 130 s and the minute of src/match: the kernel rounds times down.
/** How long retransmissions are recognized. */
const retransmissionTime = "131s";
/** How long touches of decoys count, and scanners are ignored. */
const scannerTime = "61s";

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

/** From a state to the next by a port. No two of these doors share a port, so a port of a state belongs to one door. */
function machine(doors: readonly CompiledDoor[]): { firsts: string[]; edges: string[] } {
  const firsts: string[] = [];
  const edges: string[] = [];
  let state = 0;
  for (const [i, { sequence }] of doors.entries()) {
    for (const [step, one] of sequence.entries()) {
      const isLast = step === sequence.length - 1;
      const next = isLast ? OPEN + i + 1 : state + 1;
      if (step === 0) firsts.push(`${keyOf(one)} : ${next}`);
      else edges.push(`${state} . ${keyOf(one)} : ${next}`);
      if (isLast) continue;
      state = next;
      // A repetition changes nothing. That of the first step begins anew.
      if (step > 0) edges.push(`${state} . ${keyOf(one)} : 0`);
    }
  }
  return { firsts, edges };
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

/** `far`: doors with a target and decoys. */
function rulesOfStep(compiled: readonly CompiledDoor[], far: readonly KernelDoor[]): string[] {
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

const rulesOfMatch: readonly string[] = [
  ...families.map(({ version, saddr }) => `${saddr} @ignored${version} return`),
  "meta mark set 0",
  ...families.flatMap(({ version, saddr }) => [
    `meta mark set ${saddr} map @since${version}`,
    `meta mark != 0 meta mark set ${saddr} map @stage${version}`,
  ]),
  `meta mark set meta mark . ${port} map @edges goto went`,
  `meta mark set ${port} map @firsts goto begin`,
  ...families.map(({ version }) => forget(version)),
  "meta mark set 0",
];

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

const segment = "tcp sport . tcp dport . tcp sequence";

/** Packets without TCP options are no retransmissions in src/match. */
function retransmissionRule(version: FamilyVersion, saddr: string): string {
  return `tcp doff > 5 ${saddr} . ${segment} @heard${version} return`;
}

/** Ends before what follows where there is no room. */
function hearingRule(version: FamilyVersion, saddr: string): string {
  const key = `${saddr} . ${segment}`;
  return `tcp doff > 5 add @heard${version} { ${key} timeout ${retransmissionTime} }`;
}

/** What is no scan is not heard of: a packet like it may be one. */
function rulesOfTouch(doors: readonly KernelDoor[]): string[] {
  const decoys = doors.flatMap((door) =>
    door.decoys
      .filter(({ protocol }) => protocol === "tcp")
      .map(({ number, local }) => ({ number: `${number}`, local, flags: door.flags })),
  );
  const likeAnswer = (test: string, numbers: readonly string[]) =>
    `tcp flags & (rst | ack) != 0 ${test}tcp dport ${setOf(unique(numbers))} return`;
  const local = decoys.filter((decoy) => decoy.local).map(({ number }) => number);
  const byPort = grouped(
    decoys.filter((decoy) => !decoy.local),
    ({ number }) => number,
  );
  // A touch has the flags of a knock at one of the doors.
  const byTests = grouped(byPort, ([, some]) =>
    unique(some.map(({ flags }) => `${differs(flags)} `)).join(""),
  );
  return [
    ...(local.length > 0 ? [likeAnswer("", local)] : []),
    ...byTests.map(([tests, some]) =>
      likeAnswer(
        tests,
        some.map(([number]) => number),
      ),
    ),
    ...families.flatMap(({ version, saddr }) => [
      retransmissionRule(version, saddr),
      hearingRule(version, saddr),
    ]),
    "goto decoy",
  ];
}

/**
 * A source that begins again and again leaves dead elements in one bucket of a hash table until the kernel
 * collects them, once a second: `pace` limits that. Sources that share a mark share a limit.
 */
function rulesOfBegin(seed: number): string[] {
  return [
    ...families.flatMap(({ version, saddr }) => [
      forget(version),
      `meta mark set jhash ${saddr} mod 4096 seed ${seed}`,
    ]),
    "update @pace { meta mark limit rate 10/second burst 20 packets } goto restart",
    "meta mark set 0",
  ];
}

/** The time of an attempt runs from its first step: `since` holds it, and later steps do not touch it. */
function rulesOfRestart(compiled: readonly CompiledDoor[]): string[] {
  return [
    `meta mark set ${port} map @firsts`,
    `meta mark & ${OPEN} != 0 goto opened`,
    ...grouped(compiled, ({ timeout }) => timeout).flatMap(([timeout, some]) => {
      const firsts = setOf(keys(some.flatMap(({ sequence }) => sequence.slice(0, 1))));
      return families.map(
        ({ version, saddr }) =>
          `${port} ${firsts} add @since${version} { ${saddr} timeout ${formatNftTime(timeout)} : meta mark }`,
      );
    }),
    "meta mark set 0",
  ];
}

/** A step for which there is no room ends the attempt. */
function rulesOfWent(compiled: readonly CompiledDoor[]): string[] {
  const longest = formatNftTime(Math.max(...compiled.map(({ timeout }) => timeout)));
  return [
    "meta mark 0 return",
    `meta mark & ${OPEN} != 0 goto opened`,
    ...families.map(({ version, saddr }) => {
      const add = `add @stage${version} { ${saddr} timeout ${longest} : meta mark }`;
      return `delete @stage${version} { ${saddr} : 0 } ${add} meta mark set 0 return`;
    }),
    ...families.map(({ version }) => forget(version)),
    "meta mark set 0",
  ];
}

/** While scanners may have gone unnoticed, and in a pause, the kernel opens nothing. */
function rulesOfOpened(compiled: readonly CompiledDoor[]): string[] {
  return [
    ...families.map(({ version }) => forget(version)),
    ...["blind", "paused"].map((set) => `meta nfproto @${set} meta mark set 0 return`),
    ...compiled.flatMap(({ key, opening }, i) =>
      familiesOf(opening.families).map(
        ({ version, saddr }) =>
          `meta mark ${OPEN + i + 1} update @${doorSet(key, version)} { ${saddr} timeout ${formatNftTime(opening.openFor)} }`,
      ),
    ),
    "meta mark set 0",
  ];
}

/** Drops what begins to use a protected service, unless the kernel has opened a door to it for its source. */
function rulesOfShut(compiled: readonly CompiledDoor[], version: FamilyVersion): string[] {
  const saddr = version === 4 ? "ip saddr" : "ip6 saddr";
  return [
    ...compiled.flatMap(({ key, opening: { services } }) =>
      services
        .filter((one) => !isRouted(one))
        .map((one) => `${useOf(one, version)} ${saddr} @${doorSet(key, version)} accept`),
    ),
    "drop",
  ];
}

/**
 * Three decoys make a scanner. Each touch renews all times of its source: so a source is ignored at least as
 * long as in src/match. A rule whose set is full ends there: a packet that comes to the last one may be of a
 * scanner that is not noticed.
 */
const rulesOfDecoy: readonly string[] = families.flatMap(({ version, saddr }) => {
  const touch = `${saddr} . ${port}`;
  const renew = (set: string, key: string = saddr) =>
    `update @${set}${version} { ${key} timeout ${scannerTime} }`;
  return [
    forget(version),
    `${saddr} @ignored${version} ${renew("ignored")} return`,
    `${touch} @touched${version} ${renew("touched", touch)} ${renew("once")}`,
    `${touch} @touched${version} ${saddr} @twice${version} ${renew("twice")} return`,
    `${touch} @touched${version} ${saddr} @once${version} return`,
    `${saddr} @twice${version} ${renew("ignored")} return`,
    renew("touched", touch),
    `${saddr} @once${version} ${saddr} != @twice${version} ${renew("once")} ${renew("twice")} return`,
    `${saddr} != @once${version} ${saddr} != @twice${version} ${renew("once")} return`,
    `meta nfproto ipv${version} update @blind { meta nfproto timeout ${scannerTime} }`,
  ];
});

/** Ends the attempt of the source. A map wants a value also where one is deleted. */
function forget(version: FamilyVersion): string {
  const saddr = version === 4 ? "ip saddr" : "ip6 saddr";
  const deletions = ["stage", "since"].map((map) => `delete @${map}${version} { ${saddr} : 0 }`);
  return `meta nfproto ipv${version} ${deletions.join(" ")}`;
}

function differs({ mask, value }: FlagTest): string {
  return `tcp flags & ${mask} != ${value}`;
}

function familiesOf(versions: readonly FamilyVersion[]): readonly (typeof families)[number][] {
  return families.filter(({ version }) => versions.includes(version));
}

function useOf(service: Service, version: FamilyVersion): string {
  if (service.protocol !== "icmp") return `${service.protocol} dport ${service.port}`;
  return `${version === 4 ? "icmp" : "icmpv6"} type echo-request`;
}

function keyOf({ number, protocol }: Port): string {
  return `${protocolNumbers[protocol]} . ${number}`;
}

function keys(ports: readonly Port[]): string[] {
  return unique(ports.map(keyOf));
}

/** Without those within others: nft refuses overlaps. */
function networksOf(networks: readonly Network[], version: FamilyVersion): string[] {
  const isWithin = (a: Network, b: Network) => a.bits >= b.bits && contains(b, a.base);
  const widest = networks.filter(
    (a, i) => !networks.some((b, k) => k !== i && isWithin(a, b) && (k < i || !isWithin(b, a))),
  );
  return widest
    .filter(({ base }) => base.family === version)
    .map(({ base, bits }) => `${base}/${version === 4 ? bits - 96 : bits}`);
}

function asText(networks: readonly Network[] | undefined): string {
  return String(networks?.map(({ base, bits }) => `${base}/${bits}`));
}

function setOf(items: readonly string[]): string {
  return `{ ${items.join(", ")} }`;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

function grouped<T, K>(items: readonly T[], key: (item: T) => K): [K, [T, ...T[]]][] {
  const found = new Map<K, [T, ...T[]]>();
  for (const item of items) {
    const some = found.get(key(item));
    if (some === undefined) found.set(key(item), [item]);
    else some.push(item);
  }
  return [...found];
}
