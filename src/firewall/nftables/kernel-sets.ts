// What doors in the kernel need beside the protection: their sets, maps and chains in our table.

export type FamilyVersion = (typeof families)[number]["version"];

export const families = [
  { version: 4, saddr: "ip saddr", daddr: "ip daddr", type: "ipv4_addr" },
  { version: 6, saddr: "ip6 saddr", daddr: "ip6 daddr", type: "ipv6_addr" },
] as const;

export const chains = [
  "knock",
  "step",
  "match",
  "touch",
  "begin",
  "restart",
  "went",
  "opened",
  "decoy",
  "shut4",
  "shut6",
] as const;

/** The rule of the protection that hands over packets that may be knocks. */
export const handoverRule = "meta l4proto . th dport @watched jump knock";

/**
 * The most elements of a set that packets fill. It also sizes the hash table at once, but not at multiples of
 * 65,536.
 */
const filled = "flags dynamic,timeout; size 65536;";

/** At 1,008 packets a second that could be retransmitted it is full. */
const filledLonger = "flags dynamic,timeout; size 131072;";

/**
 * The sets of a door: the sources for which the kernel has opened it, in each family. `key`: the name of the
 * door and of what it opens, as of `doorKey`.
 */
export type DoorSet = `door${FamilyVersion}_${string}`;

export function doorSet(key: string, version: FamilyVersion): DoorSet {
  return `door${version}_${key}`;
}

/** Returns the `key` in the name of a set, or `undefined` if it is no set of a door. */
export function keyOfDoorSet(name: string): string | undefined {
  return /^door[46]_([0-9a-f]{16})$/.exec(name)?.[1];
}

export function isDoorSet(name: string): name is DoorSet {
  return keyOfDoorSet(name) !== undefined;
}

/** Returns the sets of what the sources of a family, or all, have scanned. */
export function scannerSets(only: FamilyVersion | undefined): string[] {
  const some = families.filter(({ version }) => only === undefined || version === only);
  const sets = ["touched", "once", "twice", "ignored"];
  const blind = only === undefined ? ["blind"] : [];
  return [...some.flatMap(({ version }) => sets.map((set) => `${set}${version}`)), ...blind];
}

/** Returns lines that make the sets of doors. What is open in those that are there stays open. */
export function doorSets(keys: readonly string[], table: string): string[] {
  return tableOf(
    table,
    keys.flatMap((key) =>
      families.map(
        ({ version, type }) => `set ${doorSet(key, version)} { type ${type}; ${filled} }`,
      ),
    ),
  );
}

/**
 * `since`, `stage`: attempts. `heard`: retransmissions. `touched`, `once`, `twice`, `ignored`: scanners; `blind`:
 * there was no room for one, or they are not known. `paused`: knocks open nothing.
 */
const declarations: readonly string[] = [
  ...families.flatMap(({ version, saddr, type }) => [
    `map since${version} { type ${type} : mark; ${filled} }`,
    `map stage${version} { type ${type} : mark; ${filled} }`,
    `set heard${version} { typeof ${saddr} . tcp sport . tcp dport . tcp sequence; ${filledLonger} }`,
    `set touched${version} { type ${type} . inet_proto . inet_service; ${filled} }`,
    `set once${version} { type ${type}; ${filled} }`,
    `set twice${version} { type ${type}; ${filled} }`,
    `set ignored${version} { type ${type}; ${filled} }`,
  ]),
  "set blind { typeof meta nfproto; flags dynamic,timeout; size 16; }",
  "set paused { typeof meta nfproto; flags timeout; size 16; }",
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
  ...[
    "set paused",
    "set watched",
    "set decoys",
    "set foreign",
    "map firsts",
    "map edges",
    "set pace",
  ],
];

/** Returns lines for `nft -f FILE` that make everything that doors in the kernel need, without any rule. */
export function emptyDoors(table: string): string[] {
  return [...declared(table), ...flushed.map((name) => `flush ${within(table, name)}`)];
}

/**
 * Returns lines for `nft -f FILE` that remove everything that doors in the kernel need, whether it is there or
 * not, and these sets of doors. The chain of the protection must not refer to it any more.
 */
export function removalOfDoors(table: string, sets: readonly DoorSet[]): string[] {
  const names = declarations.map((one) => one.split(" ", 2).join(" "));
  const isChain = (name: string) => name.startsWith("chain ");
  return [
    ...declared(table),
    // Chains refer to each other, and to sets.
    ...names.filter(isChain).map((name) => `flush ${within(table, name)}`),
    ...[...names.filter(isChain), ...names.filter((name) => !isChain(name))].map(
      (name) => `delete ${within(table, name)}`,
    ),
    ...removalOfDoorSets(table, sets),
  ];
}

/** Returns lines that remove sets of doors to which no rule refers, whether they are there or not. */
export function removalOfDoorSets(table: string, sets: readonly DoorSet[]): string[] {
  if (sets.length === 0) return [];
  const keys = [...new Set(sets.flatMap((set) => keyOfDoorSet(set) ?? []))];
  const both = keys.flatMap((key) => families.map(({ version }) => doorSet(key, version)));
  return [...doorSets(keys, table), ...both.map((set) => `delete ${within(table, `set ${set}`)}`)];
}

function declared(table: string): string[] {
  return tableOf(table, declarations);
}

function tableOf(table: string, contents: readonly string[]): string[] {
  return [`table inet ${table} {`, ...contents.map((one) => `\t${one}`), "}"];
}

/** `name`: a kind and a name. */
function within(table: string, name: string): string {
  return name.replace(" ", ` inet ${table} `);
}
