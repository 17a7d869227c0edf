// What doors in the kernel need beside the protection: their sets, maps and chains in our table.

export type FamilyVersion = (typeof families)[number]["version"];

export const families = [
  { version: 4, saddr: "ip saddr", daddr: "ip daddr", type: "ipv4_addr" },
  { version: 6, saddr: "ip6 saddr", daddr: "ip6 daddr", type: "ipv6_addr" },
] as const;

export const chains = [
  "knock",
  "step",
  "touch",
  "begin",
  "restart",
  "went",
  "opened",
  "decoy",
] as const;

/** The rule of the protection that hands over packets that may be knocks. */
export const handoverRule = "meta l4proto . th dport @watched jump knock";

/** The most elements of a set that packets fill. It also sizes the hash table, but not at this value. */
const most = 65_536;
const filled = `flags dynamic,timeout; size ${most};`;

/** `knocked…`: what is open. `since`, `stage`: attempts. `heard`: retransmissions. The others: scanners. */
const declarations: readonly string[] = [
  ...families.flatMap(({ version, saddr, type }) => [
    `set knocked${version} { type ${type} . inet_proto . inet_service; ${filled} }`,
    `map since${version} { type ${type} : mark; ${filled} }`,
    `map stage${version} { type ${type} : mark; ${filled} }`,
    `set heard${version} { typeof ${saddr} . tcp sport . tcp dport . tcp sequence; ${filled} }`,
    `set touched${version} { type ${type} . inet_proto . inet_service; ${filled} }`,
    `set once${version} { type ${type}; ${filled} }`,
    `set twice${version} { type ${type}; ${filled} }`,
    `set ignored${version} { type ${type}; ${filled} }`,
  ]),
  "set watched { type inet_proto . inet_service; }",
  "set decoys { type inet_proto . inet_service; }",
  "set foreign { type inet_proto . inet_service; }",
  "map firsts { type inet_proto . inet_service : mark; }",
  "map edges { type mark . inet_proto . inet_service : mark; }",
  "set pace { type mark; flags dynamic; size 4096; }",
  ...chains.map((chain) => `chain ${chain} { }`),
];

/** Attempts end with the program that they are in; what is open, heard of and touched stays. */
const flushed = [
  ...chains.map((chain) => `chain ${chain}`),
  ...families.flatMap(({ version }) => [`map since${version}`, `map stage${version}`]),
  ...["set watched", "set decoys", "set foreign", "map firsts", "map edges", "set pace"],
];

/** Returns lines for `nft -f FILE` that make everything that doors in the kernel need, without any rule. */
export function emptyDoors(table: string): string[] {
  return [...declared(table), ...flushed.map((name) => `flush ${within(table, name)}`)];
}

/**
 * Returns lines for `nft -f FILE` that remove everything that doors in the kernel need, whether it is there or
 * not. The chain of the protection must not refer to it any more.
 */
export function removalOfDoors(table: string): string[] {
  const names = declarations.map((one) => one.split(" ", 2).join(" "));
  const isChain = (name: string) => name.startsWith("chain ");
  return [
    ...declared(table),
    // Chains refer to each other, and to sets.
    ...names.filter(isChain).map((name) => `flush ${within(table, name)}`),
    ...[...names.filter(isChain), ...names.filter((name) => !isChain(name))].map(
      (name) => `delete ${within(table, name)}`,
    ),
  ];
}

function declared(table: string): string[] {
  return [`table inet ${table} {`, ...declarations.map((one) => `\t${one}`), "}"];
}

/** `name`: a kind and a name. */
function within(table: string, name: string): string {
  return name.replace(" ", ` inet ${table} `);
}
