import { parseAddress, parseNetwork } from "../../base/address.ts";
import { parseEndpoint } from "../../base/endpoint.ts";
import type { RuleOption } from "./iptables-options.ts";
import { missingMatch, readOptions } from "./iptables-options.ts";
import { opensPorts, portNumber } from "./ports.ts";
import type { Opens, RuleChange } from "./rule-change.ts";
import { everything, isKnocker, joinWords, knocker } from "./rule-change.ts";
import type { CommandWord } from "./words.ts";

/** Matches that do no more than load what another option belongs to. */
const plainMatches: ReadonlySet<string> = new Set(
  "tcp udp icmp icmp6 icmpv6 state conntrack comment multiport".split(" "),
);

/** Targets that let packets in, and those that keep them out. */
const accepts: ReadonlySet<string> = new Set(["ACCEPT", "DNAT", "REDIRECT"]);
const drops: ReadonlySet<string> = new Set(["DROP", "REJECT", "TARPIT"]);

/** Options that leave a rule for all sources what it is; others may narrow it down to some. */
const forAll: ReadonlySet<string> = new Set(
  `append insert delete protocol jump table match ports states icmpType comment syn wait destination
  --to-destination --to-ports --to-port --reject-with --tcp-flags`.split(/\s+/),
);

const echoTypes: ReadonlySet<string> = new Set(["8", "8/0", "echo-request", "128", "128/0"]);

/** Returns what `iptables` or `ip6tables` with these words does to one rule. */
export function readIptables(
  tool: "iptables" | "ip6tables",
  words: readonly CommandWord[],
): readonly RuleChange[] | undefined {
  const options = readOptions(words);
  const valuesOf = (name: string) => options.find((one) => one.name === name)?.values ?? [];
  const change = options.find(({ name }) => ["append", "insert", "delete"].includes(name));
  const chain = change?.values[0];
  if (change === undefined || chain === undefined) return readPolicy(tool, options);
  const target = valuesOf("jump")[0] ?? "";
  const verb = change.name === "delete" ? "remove" : "add";
  const isByNumber = verb === "remove" && /^\d+$/.test(change.values[1] ?? "");
  const effect = accepts.has(target) ? "accept" : drops.has(target) ? "drop" : "other";
  const missing = missingMatch(options);
  return [
    {
      tool,
      verb,
      flag: { text: change.word.text.replace(/=.*$/s, ""), at: change.word.at },
      ...(change.name === "append" && { endOf: chain }),
      rule: isByNumber ? undefined : `${tool} ${identity(chain, options)}`,
      undo: joinWords([tool, ...(verb === "add" ? ["-D"] : ["-I"]), chain, ...rest(words, change)]),
      source: sourceOf(chain, options),
      effect: startsNew(options) ? effect : "other",
      ...(missing && { missing }),
      opens: opensOf(chain, target, options),
    },
  ];
}

/** `-P CHAIN ACCEPT` opens for all sources what the rules of the chain leave. */
function readPolicy(
  tool: "iptables" | "ip6tables",
  options: readonly RuleOption[],
): readonly RuleChange[] | undefined {
  const option = options.find(({ name }) => name === "policy");
  const [chain = "", policy] = option?.values ?? [];
  if (option === undefined || !/^(?:INPUT|FORWARD)$/.test(chain)) return undefined;
  const isOpen = policy === "ACCEPT";
  return [
    {
      tool,
      verb: isOpen ? "add" : "remove",
      flag: option.word,
      rule: `${tool} policy ${chain}`,
      undo: joinWords([tool, "-P", chain, isOpen ? "DROP" : "ACCEPT"]),
      source: "all",
      effect: "accept",
      opens: { unfit: `it changes the policy of ${chain}` },
    },
  ];
}

/** The words of a rule without those that put it somewhere. */
function rest(words: readonly CommandWord[], change: RuleOption): string[] {
  const from = words.indexOf(change.word);
  const isJoined = /^(?:--\w+=|-\w.)/.test(change.word.text);
  const taken = change.values.length + (isJoined ? 0 : 1);
  return words.filter((_, i) => i < from || i >= from + taken).map(({ text }) => text);
}

function identity(chain: string, options: readonly RuleOption[]): string {
  const table = options.find(({ name }) => name === "table")?.values[0] ?? "filter";
  const parts = options.flatMap(({ name, values, isNegated }) => {
    if (/^(?:append|insert|delete|table|wait|match)$/.test(name)) return [];
    const text = values.map((value) => normal(name, value)).join(" ");
    return [`${isNegated ? "! " : ""}${name} ${text}`];
  });
  return [table, chain, ...parts.sort()].join(" ");
}

function normal(name: string, value: string): string {
  if (name === "source" || name === "destination") return isKnocker(value) ? knocker : value;
  if (name === "protocol") return value.toLowerCase();
  if (name === "ports")
    return value
      .split(",")
      .map((port) => portNumber(port) ?? port)
      .join();
  if (name === "icmpType") return echoTypes.has(value) ? "echo-request" : value;
  return name === "comment" ? value : value.split(",").sort().join();
}

function sourceOf(chain: string, options: readonly RuleOption[]): RuleChange["source"] {
  const source = options.find(({ name }) => name === "source");
  if (source !== undefined) {
    return !source.isNegated && isKnocker(source.values[0] ?? "") ? "knocker" : "others";
  }
  const isNarrow = options.some(
    ({ name, values, isNegated }) =>
      isNegated ||
      !(forAll.has(name) || (name === "in" && values[0] !== "lo")) ||
      (name === "match" && !plainMatches.has(values[0] ?? "")) ||
      values.some((value) => value.includes(knocker)),
  );
  return isNarrow || /^(?:OUTPUT|POSTROUTING)$/.test(chain) ? "others" : "all";
}

/** Whether the rule is for packets that begin something. */
function startsNew(options: readonly RuleOption[]): boolean {
  const states = options.find(({ name }) => name === "states");
  return states === undefined || states.isNegated || /\bNEW\b/i.test(states.values[0] ?? "");
}

function opensOf(chain: string, target: string, options: readonly RuleOption[]): Opens {
  const value = (name: string) => options.find((one) => one.name === name)?.values[0];
  const table = value("table") ?? "filter";
  const isDnat = table === "nat" && chain === "PREROUTING" && target === "DNAT";
  const isForward = table === "filter" && chain === "FORWARD" && target === "ACCEPT";
  const own = new Set([
    ...(isDnat ? ["--to-destination"] : []),
    ...(isForward ? ["destination"] : []),
  ]);
  const unfit = options
    .map((option) =>
      own.has(option.name) && !option.isNegated ? undefined : reasonAgainst(option),
    )
    .find((reason) => reason !== undefined);
  const host = value("destination");
  if (isForward && host === undefined) return { unfit: "it opens for all hosts behind this one" };
  if (table !== "filter" && !isDnat) return { unfit: `it changes the table ${table}` };
  if (chain !== "INPUT" && !isDnat && !isForward) return { unfit: `it changes the chain ${chain}` };
  if (target !== "ACCEPT" && !isDnat)
    return { unfit: `its rule is not for ACCEPT, but ${target || "none"}` };
  if (value("source") === undefined) return { unfit: "it opens for every source" };
  if (unfit !== undefined) return { unfit };
  if (!startsNew(options)) return { unfit: "it accepts no new connections" };
  if (isDnat) return forwardedBy(options);
  if (isForward) return routedTo(host ?? "", options);
  const protocol = value("protocol")?.toLowerCase();
  const ports = value("ports");
  if (/^(?:icmp|icmpv6|ipv6-icmp|1|58)$/.test(protocol ?? "") && ports === undefined) {
    return { services: [{ protocol: "icmp" }] };
  }
  if (protocol === "tcp" || protocol === "udp") {
    if (ports === undefined) return { unfit: `it opens all ports of ${protocol}` };
    return opensPorts(ports, [protocol]);
  }
  if (ports !== undefined) return { unfit: "its ports have no protocol" };
  if (protocol === undefined || protocol === "all") return everything;
  return { unfit: `no native door opens the protocol ${protocol}` };
}

/** Returns the ports that a rule for DNAT forwards. */
function forwardedBy(options: readonly RuleOption[]): Opens {
  const to = options.find(({ name }) => name === "--to-destination")?.values[0] ?? "";
  const ports = portsOf(options);
  if ("unfit" in ports) return ports;
  const found = ports.services.map((service) => {
    if (!("port" in service)) return undefined;
    const { protocol, port } = service;
    // Without a port it stays the one that was asked for.
    const address = parseAddress(to);
    const target = parseEndpoint(to) ?? (address && { address, port });
    return target && { protocol, port, target };
  });
  const services = found.filter((service) => service !== undefined);
  return services.length < found.length ? { unfit: `it forwards to ${to}` } : { services };
}

/** Returns the services of hosts that a rule of the chain FORWARD accepts. */
function routedTo(host: string, options: readonly RuleOption[]): Opens {
  const network = parseNetwork(host);
  if (network === undefined) return { unfit: `it opens for the host ${host}` };
  const ports = portsOf(options);
  if ("unfit" in ports) return ports;
  const services = ports.services.flatMap((service) =>
    "port" in service ? [{ protocol: service.protocol, port: service.port, hosts: [network] }] : [],
  );
  return { services };
}

function portsOf(options: readonly RuleOption[]): Opens {
  const value = (name: string) => options.find((one) => one.name === name)?.values[0];
  const protocol = value("protocol")?.toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp") {
    return { unfit: "it opens other than ports of TCP or UDP on hosts behind this one" };
  }
  const ports = value("ports");
  if (ports === undefined) return { unfit: `it opens all ports of ${protocol}` };
  return opensPorts(ports, [protocol]);
}

/** Why a native door cannot do what an option asks for. */
function reasonAgainst({ name, word, values, isNegated }: RuleOption): string | undefined {
  const [value = ""] = values;
  const asWritten = [word.text, ...(word.text.includes("=") ? [] : values)].join(" ");
  if (isNegated) return `it has ! ${asWritten}`;
  if (name === "source" && !isKnocker(value)) return `it opens for ${value}`;
  if (name === "match" && !plainMatches.has(value)) return `it has ${asWritten}`;
  if (name === "icmpType" && !echoTypes.has(value)) return `it has ${asWritten}`;
  if (
    /^(?:source|match|icmpType|append|insert|protocol|jump|table|ports|states|comment|syn|wait|delete)$/.test(
      name,
    )
  ) {
    return undefined;
  }
  return `it has ${asWritten}`;
}
