import type { Protocol } from "../../base/port.ts";
import { namedService, opensPorts, portNumber } from "./ports.ts";
import type { Opens, RuleChange } from "./rule-change.ts";
import { everything, isKnocker, joinWords, knocker } from "./rule-change.ts";
import type { CommandWord } from "./words.ts";

/** A rule as ufw(8) writes it in full. */
interface UfwRule {
  readonly action: string;
  readonly from: string;
  readonly to: string;
  /** Of the destination; `undefined` means all. */
  readonly port: string | undefined;
  readonly protocol: string | undefined;
  /** Words that this file knows and a native door does not: `on eth0`. */
  readonly others: readonly string[];
}

/** Returns what `ufw` with these words does to its rules. */
export function readUfw(words: readonly CommandWord[]): readonly RuleChange[] | undefined {
  const rest = words.filter(({ text }) => !/^(?:--.*|rule)$/.test(text));
  const [first] = rest;
  if (first === undefined) return undefined;
  if (/^(?:disable|enable)$/.test(first.text)) return [wholeFirewall(first)];
  if (/^(?:reload|status|logging)$/.test(first.text)) return [];
  const isRemoved = rest.some(({ text }, i) => text === "delete" && i < 2);
  const texts = rest.map(({ text }) => text).filter((text) => text !== "delete");
  const flag = rest.find(({ text }) => text === (isRemoved ? "delete" : "allow")) ?? first;
  if (isRemoved && texts.length === 1 && /^\d+$/.test(texts[0] ?? "")) {
    return [byNumber(flag, texts[0] ?? "")];
  }
  const rule = readRule(texts);
  if (rule === undefined) return undefined;
  const { action, from, to, port, protocol, others } = rule;
  const effect = /^(?:allow|limit)$/.test(action) ? "accept" : "drop";
  const fields = [action, `from ${isKnocker(from) ? knocker : from}`, `to ${to}`];
  const identity = [...fields, port ?? "", protocol ?? "", ...others].join(" ");
  const isForAll = from === "any" && to !== knocker && !others.some((text) => /\blo\b/.test(text));
  return [
    {
      tool: "ufw",
      verb: isRemoved ? "remove" : "add",
      flag,
      rule: `ufw ${identity}`,
      undo: joinWords(["ufw", ...(isRemoved ? [] : ["delete"]), ...withoutPlace(texts)]),
      source: isKnocker(from) ? "knocker" : isForAll ? "all" : "others",
      effect,
      opens: opensOf(rule),
    },
  ];
}

function wholeFirewall(flag: CommandWord): RuleChange {
  const isOpen = flag.text === "disable";
  return {
    tool: "ufw",
    verb: isOpen ? "add" : "remove",
    flag,
    rule: "ufw disable",
    undo: isOpen ? "ufw --force enable" : "ufw disable",
    source: "all",
    effect: "accept",
    opens: { unfit: "it turns ufw off" },
  };
}

function byNumber(flag: CommandWord, number: string): RuleChange {
  return {
    tool: "ufw",
    verb: "remove",
    flag,
    rule: undefined,
    undo: "",
    source: "others",
    effect: "other",
    opens: { unfit: `it deletes rule ${number}, whichever that is` },
  };
}

/** The words of a rule without `insert 1`, which a deletion does not take. */
function withoutPlace(texts: readonly string[]): readonly string[] {
  if (texts[0] === "prepend") return texts.slice(1);
  return texts[0] === "insert" ? texts.slice(2) : texts;
}

/** Reads `allow from A to any port 22 proto tcp`, or `allow 22/tcp`. */
function readRule(all: readonly string[]): UfwRule | undefined {
  const texts = withoutPlace(all);
  const isRouted = texts[0] === "route";
  const [action = "", ...words] = isRouted ? texts.slice(1) : texts;
  if (!/^(?:allow|deny|reject|limit)$/.test(action)) return undefined;
  const found = new Map<string, string>();
  const others: string[] = isRouted ? ["route"] : [];
  let side = "";
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const value = words[i + 1] ?? "";
    if (word === "in" || word === "log" || word === "log-all") continue;
    if (word === "out") others.push("out");
    else if (/^(?:from|to|on|proto|comment)$/.test(word)) {
      if (word === "from" || word === "to") side = word;
      found.set(word, value);
      i++;
    } else if (word === "port" || word === "app") {
      found.set(`${side} ${word}`, value);
      i++;
    } else if (words.length === 1) return simpleRule(action, word, others);
    else return undefined;
  }
  for (const name of ["on", "from port", "from app", "to app"]) {
    const value = found.get(name);
    if (value !== undefined) others.push(`${name} ${value}`);
  }
  return {
    action,
    from: found.get("from") ?? "any",
    to: found.get("to") ?? "any",
    port: portText(found.get("to port")),
    protocol: found.get("proto"),
    others,
  };
}

/** `allow 22`, `allow 22/tcp`, `allow ssh` or `allow OpenSSH`. */
function simpleRule(action: string, word: string, others: readonly string[]): UfwRule {
  const [port = "", protocol] = word.split("/");
  const named = /^\D/.test(port) ? namedService(port) : undefined;
  const byName = named?.protocol === "icmp" ? undefined : named?.protocol;
  const rule = { action, from: "any", to: "any", others };
  return { ...rule, port: portText(port), protocol: protocol ?? byName };
}

function portText(text: string | undefined): string | undefined {
  const ports = text?.split(",").map((port) => String(portNumber(port) ?? port));
  return ports?.sort().join();
}

function opensOf({ action, from, to, port, protocol, others }: UfwRule): Opens {
  if (action !== "allow") return { unfit: `no native door does what ufw ${action} does` };
  if (others.length > 0) return { unfit: `it has ${others.join(", ")}` };
  if (from === "any") return { unfit: "it opens for every source" };
  if (!isKnocker(from)) return { unfit: `it opens for ${from}` };
  if (to !== "any") return { unfit: `it opens at ${to} only` };
  if (port === undefined && protocol === undefined) return everything;
  if (port === undefined) return { unfit: `it opens all ports of ${protocol}` };
  const both: readonly Protocol[] = ["tcp", "udp"];
  const protocols = both.filter((one) => protocol === undefined || protocol === one);
  if (protocols.length === 0) return { unfit: `no native door opens the protocol ${protocol}` };
  return opensPorts(port, protocols);
}
