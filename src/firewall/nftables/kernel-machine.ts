// How nf_tables matches sequences: chains of the program in kernel-program.ts. The packet mark holds the state of an
// attempt; it is 0 again when a packet leaves.
import type { Service } from "../../base/service.ts";
import { isRouted } from "../../base/service.ts";
import type { CompiledDoor } from "./kernel-doors.ts";
import type { FamilyVersion } from "./kernel-sets.ts";
import { doorSet, families } from "./kernel-sets.ts";
import { formatNftTime } from "./nft-time.ts";
import { forget, grouped, keyOf, keys, port, setOf } from "./rule-text.ts";

/** In a state: a door opens. The other bits are the number of the door. */
const OPEN = 0x80000000;

/** From a state to the next by a port. No two of these doors share a port, so a port of a state belongs to one door. */
export function machine(doors: readonly CompiledDoor[]): { firsts: string[]; edges: string[] } {
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
      // A repetition changes nothing. That of the first step restarts the sequence.
      if (step > 0) edges.push(`${state} . ${keyOf(one)} : 0`);
    }
  }
  return { firsts, edges };
}

/** Looks up where a packet leads from the state of its source. */
export const rulesOfMatch: readonly string[] = [
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

/**
 * A source that begins again and again leaves dead elements in one bucket of a hash table until the kernel
 * collects them, once a second: `pace` limits that. Sources that share a mark share a limit.
 */
export function rulesOfBegin(seed: number): string[] {
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
export function rulesOfRestart(compiled: readonly CompiledDoor[]): string[] {
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
export function rulesOfWent(compiled: readonly CompiledDoor[]): string[] {
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
export function rulesOfOpened(compiled: readonly CompiledDoor[]): string[] {
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
export function rulesOfShut(compiled: readonly CompiledDoor[], version: FamilyVersion): string[] {
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

function familiesOf(versions: readonly FamilyVersion[]): readonly (typeof families)[number][] {
  return families.filter(({ version }) => versions.includes(version));
}

function useOf(service: Service, version: FamilyVersion): string {
  if (service.protocol !== "icmp") return `${service.protocol} dport ${service.port}`;
  return `${version === 4 ? "icmp" : "icmpv6"} type echo-request`;
}
