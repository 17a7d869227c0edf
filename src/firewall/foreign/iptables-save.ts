// Reads the output of iptables-save and ip6tables-save.
import { own } from "../../base/json-fields.ts";
import type { Condition, FirstPacket, MatchResult } from "./packet.ts";
import {
  always,
  answer,
  comesOn,
  echoType,
  every,
  hasPort,
  hasState,
  isFrom,
  isTo,
  not,
  protocolNumber,
  readProtocol,
  some,
  synFlag,
  tcpFlagBits,
  unknown,
} from "./packet.ts";
import type { ChainHook, FilterChain, FilterRule, FilterTable, RuleVerdict } from "./ruleset.ts";

/** The priorities of the tables' chains (netfilter_ipv4.h). */
const priorities: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  raw: { PREROUTING: -300 },
  mangle: { PREROUTING: -150, INPUT: -150, FORWARD: -150 },
  nat: { PREROUTING: -100, INPUT: 100 },
  filter: { INPUT: 0, FORWARD: 0 },
  security: { INPUT: 50, FORWARD: 50 },
};

/** Returns the tables in the output of iptables-save (`ip`) or ip6tables-save (`ip6`). Pure. */
export function readSavedTables(
  text: string,
  family: "ip" | "ip6",
  tool: FilterTable["tool"],
): FilterTable[] {
  return text.split(/^\*/m).flatMap((part, i) => (i === 0 ? [] : readTable(part, family, tool)));
}

function readTable(part: string, family: "ip" | "ip6", tool: FilterTable["tool"]): FilterTable {
  const [name = "", ...lines] = part.split("\n");
  const rules = new Map<string, FilterRule[]>();
  const hooks = new Map<string, ChainHook | undefined>();
  for (const line of lines) {
    if (line.startsWith(":")) {
      const [chain = "", policy = ""] = line.slice(1).split(" ");
      rules.set(chain, []);
      hooks.set(chain, hookOf(name, chain, policy));
    } else if (line.startsWith("-A ")) {
      const [, chain = "", ...words] = splitWords(line);
      rules.get(chain)?.push(readRule(words, family));
    }
  }
  const chains = [...rules].map(
    ([chain, list]): FilterChain => ({ name: chain, rules: list, hook: hooks.get(chain) }),
  );
  return { tool, family, name, chains: new Map(chains.map((chain) => [chain.name, chain])) };
}

function hookOf(table: string, chain: string, policy: string): ChainHook | undefined {
  const priority = own(own(priorities, table) ?? {}, chain);
  if (priority === undefined) return undefined;
  const name = chain.toLowerCase();
  return { name, priority, policy: policy === "DROP" ? "drop" : "accept", devices: [] };
}

/** Splits a line as iptables-restore does: quotes keep blanks, a backslash keeps a quote. */
function splitWords(line: string): string[] {
  return Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g), ([, quoted, plain = ""]) =>
    quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1"),
  );
}

/** Targets after which the next rule follows. */
const harmless: ReadonlySet<string> = new Set([
  ...["LOG", "NFLOG", "ULOG", "AUDIT", "TRACE", "MARK", "CONNMARK", "CONNSECMARK", "SECMARK"],
  ...["TCPMSS", "DSCP", "TOS", "TTL", "HL", "CLASSIFY", "CHECKSUM", "SET", "IDLETIMER", "TEE"],
  ...["TCPOPTSTRIP", "ECN", "LED", "RATEEST"],
]);

const verdicts: Readonly<Record<string, Exclude<RuleVerdict["kind"], "jump" | "goto">>> = {
  ACCEPT: "accept",
  DROP: "drop",
  REJECT: "drop",
  RETURN: "return",
  DNAT: "translate",
  REDIRECT: "translate",
  NOTRACK: "untrack",
  QUEUE: "unknown",
  NFQUEUE: "unknown",
  TARPIT: "unknown",
  SYNPROXY: "unknown",
  TPROXY: "unknown",
};

function readRule(words: readonly string[], family: "ip" | "ip6"): FilterRule {
  const conditions: Condition[] = [];
  let verdict: RuleVerdict = { kind: "next" };
  let isNegated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const value = words[i + 1] ?? "";
    if (word === "!") {
      isNegated = true;
      continue;
    }
    if (word === "-j" || word === "-g") {
      verdict = readVerdict(word, value, words.slice(i + 2));
      break;
    }
    const option = own(options, word);
    const condition = option?.read(value, family, words[i + 2] ?? "") ?? unknown;
    conditions.push(isNegated ? not(condition) : condition);
    isNegated = false;
    i += option?.length ?? wordsUntilOption(words, i);
  }
  return { condition: every(conditions), verdict };
}

/** Returns how many words follow an unknown option as its values. */
function wordsUntilOption(words: readonly string[], at: number): number {
  const next = words.findIndex((word, i) => i > at && (word === "!" || word.startsWith("-")));
  return (next === -1 ? words.length : next) - at - 1;
}

function readVerdict(flag: string, target: string, rest: readonly string[]): RuleVerdict {
  if (target === "CT") return { kind: rest.includes("--notrack") ? "untrack" : "next" };
  if (harmless.has(target)) return { kind: "next" };
  const kind = own(verdicts, target);
  if (kind !== undefined) return { kind };
  return { kind: flag === "-g" ? "goto" : "jump", chain: target };
}

interface SavedOption {
  /** How many words follow. */
  readonly length: number;
  readonly read: (value: string, family: "ip" | "ip6", second: string) => Condition;
}

/** Modules whose every option is here, or changes nothing. */
const modules: ReadonlySet<string> = new Set([
  ...["tcp", "udp", "icmp", "icmp6", "icmpv6", "conntrack", "state", "multiport", "comment"],
  "addrtype",
]);

const network =
  (condition: typeof isFrom): SavedOption["read"] =>
  (value) => {
    const [address = "", bits] = value.split("/");
    const length = bits ?? (address.includes(":") ? "128" : "32");
    return /^\d+$/.test(length) ? condition(address, Number(length)) : unknown;
  };

const ports: SavedOption["read"] = (value) =>
  some(
    value.split(",").map((range) => {
      const [first = "", last = first] = range.split(":");
      return hasPort(Number(first), Number(last));
    }),
  );

const states: SavedOption["read"] = (value) =>
  some(value.split(",").map((state) => hasState(state.toLowerCase())));

const icmpType: SavedOption["read"] = (value) => {
  const [type = ""] = value.split("/");
  return (packet) => {
    if (packet.service.protocol !== "icmp") return "no";
    if (type === "echo-request" || type === "any") return "yes";
    return /^\d+$/.test(type) ? answer(Number(type) === echoType(packet)) : "maybe";
  };
};

const options: Readonly<Record<string, SavedOption>> = {
  "-p": {
    length: 1,
    read: (value) =>
      value === "all" ? always : (packet) => answer(readProtocol(value) === protocolNumber(packet)),
  },
  "-s": { length: 1, read: network(isFrom) },
  "-d": { length: 1, read: network(isTo) },
  "-i": { length: 1, read: (value) => comesOn(value, "+") },
  "-m": { length: 1, read: (value) => (modules.has(value) ? always : unknown) },
  "--dport": { length: 1, read: ports },
  "--dports": { length: 1, read: ports },
  "--ctstate": { length: 1, read: states },
  "--state": { length: 1, read: states },
  "--icmp-type": { length: 1, read: icmpType },
  "--icmpv6-type": { length: 1, read: icmpType },
  "--comment": { length: 1, read: () => always },
  "--dst-type": {
    length: 1,
    read: (value) => (packet) => isOfType(packet, value.split(","), "LOCAL", "UNICAST"),
  },
  "--tcp-flags": {
    length: 2,
    read: (mask, _, flags) => {
      const isMet = (synFlag & flagBits(mask)) === flagBits(flags);
      return ({ service }) => answer(service.protocol === "tcp" && isMet);
    },
  },
};

/** Whether the destination is of one of these types, for this host or for others. */
function isOfType(
  { destination }: FirstPacket,
  types: readonly string[],
  local: string,
  other: string,
): MatchResult {
  return answer(types.includes(destination === undefined ? local : other));
}

function flagBits(names: string): number {
  if (names === "NONE") return 0;
  return names
    .toLowerCase()
    .split(",")
    .reduce((sum, name) => sum | (own(tcpFlagBits, name) ?? 0), 0);
}
