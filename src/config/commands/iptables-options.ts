// The options of iptables(8), and which of them the tool takes where they stand.
import type { MissingWord } from "./rule-change.ts";
import type { CommandWord } from "./words.ts";

/** The names of iptables(8) and iptables-extensions(8) by which this file knows an option. */
const names: ReadonlyMap<string, string> = new Map(
  Object.entries({
    append: ["-A", "--append"],
    insert: ["-I", "--insert"],
    delete: ["-D", "--delete"],
    policy: ["-P", "--policy"],
    source: ["-s", "--source", "--src"],
    destination: ["-d", "--destination", "--dst"],
    protocol: ["-p", "--protocol", "--proto"],
    in: ["-i", "--in-interface"],
    out: ["-o", "--out-interface"],
    jump: ["-j", "--jump"],
    table: ["-t", "--table"],
    match: ["-m", "--match"],
    ports: ["--dport", "--destination-port", "--dports", "--destination-ports"],
    sourcePorts: ["--sport", "--source-port", "--sports", "--source-ports"],
    states: ["--state", "--ctstate"],
    icmpType: ["--icmp-type", "--icmpv6-type"],
    comment: ["--comment"],
    syn: ["--syn"],
    wait: ["-w", "--wait", "-W", "--wait-interval", "-v", "--verbose", "-n", "--numeric"],
  }).flatMap(([name, options]) => options.map((option) => [option, name] as const)),
);

/** One option with its values. */
export interface RuleOption {
  /** As `names` has it, or as it was written. */
  readonly name: string;
  readonly word: CommandWord;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** Reads the words behind the program's name. */
export function readOptions(words: readonly CommandWord[]): RuleOption[] {
  const options: RuleOption[] = [];
  let isNegated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === undefined) break;
    if (word.text === "!") {
      isNegated = true;
      continue;
    }
    const [, long, joined] = /^(--[\w-]+)=(.*)$/s.exec(word.text) ?? [];
    const [, short, attached] = /^(-[A-Za-z])(.+)$/s.exec(word.text) ?? [];
    const option = long ?? short ?? word.text;
    const values = [joined ?? attached].filter((value) => value !== undefined);
    const name = names.get(option) ?? option;
    const isComment = name === "comment" && values.length === 0;
    while (i + 1 < words.length) {
      const next = words[i + 1]?.text ?? "";
      if (!(isComment && values.length === 0) && (/^-\D/.test(next) || next === "!")) break;
      values.push(next);
      i++;
    }
    // `-s ! ADDRESS`, as it was written once.
    if (words[i + 1]?.text === "!" && values.length === 0 && words[i + 2] !== undefined) {
      isNegated = true;
      values.push(words[i + 2]?.text ?? "");
      i += 2;
    }
    options.push({ name, word, values, isNegated });
    isNegated = false;
  }
  return options;
}

/** What must stand before an option: a match, or `-p`, which loads that of its protocol. */
const owners: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "-p": "--dport --destination-port --sport --source-port --syn --tcp-flags --icmp-type --icmpv6-type",
    multiport: "--dports --destination-ports --sports --source-ports",
    state: "--state",
    conntrack: "--ctstate",
    comment: "--comment",
  }).flatMap(([owner, options]) => options.split(" ").map((option) => [option, owner] as const)),
);

function loads({ name, values: [value = ""] }: RuleOption, owner: string): boolean {
  if (owner !== "-p") return name === "match" && value === owner;
  return (
    name === "protocol" ||
    (name === "match" && /^(?:tcp|udp|udplite|sctp|dccp|icmp6?|icmpv6)$/.test(value))
  );
}

/** Returns the first option whose match is not loaded before it. */
export function missingMatch(options: readonly RuleOption[]): MissingWord | undefined {
  for (const [i, { word }] of options.entries()) {
    const option = word.text.replace(/=.*$/s, "");
    const owner = owners.get(option);
    if (owner === undefined) continue;
    const loaders = options.findIndex((one) => loads(one, owner));
    if (loaders >= 0 && loaders < i) continue;
    const what = owner === "-p" ? owner : `-m ${owner}`;
    const message =
      loaders < 0
        ? `${option} without ${what}: iptables refuses the command`
        : `${option} before ${what}: iptables refuses the command`;
    const hint = `${owner === "-p" ? "-p tcp" : what} ${option}`;
    return { at: word.at, message, hint };
  }
  return undefined;
}
