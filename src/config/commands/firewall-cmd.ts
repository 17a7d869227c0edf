import { parseProtocol } from "../../base/port.ts";
import { namedService, opensPorts } from "./ports.ts";
import type { Opens, RuleChange } from "./rule-change.ts";
import { everything, isKnocker, joinWords } from "./rule-change.ts";
import type { CommandWord } from "./words.ts";

/** What an option of firewall-cmd(1) such as `--add-port=22/tcp` does. */
type FirewalldChange = Pick<RuleChange, "source" | "effect" | "opens">;

/** Returns what `firewall-cmd` with these words changes. */
export function readFirewallCmd(words: readonly CommandWord[]): readonly RuleChange[] | undefined {
  const changes: RuleChange[] = [];
  const options = readOptions(words);
  const zone = options.find(({ name }) => name === "--zone")?.value ?? "";
  const expires = options.some(({ name }) => name === "--timeout");
  if (options.some(({ name }) => name === "--direct" || name === "--policy")) return undefined;
  for (const { name, value, word } of options) {
    const [, verb, kind] = /^--(add|remove)-(.+)$/.exec(name) ?? [];
    if (verb === undefined || kind === undefined) continue;
    const change = readChange(kind, value, zone);
    if (change === undefined) return undefined;
    const opposite = verb === "add" ? "remove" : "add";
    const others = words.filter((one) => one !== word && !one.text.startsWith("--timeout"));
    const undo = [`--${opposite}-${kind}=${value}`, ...others.map(({ text }) => text)];
    changes.push({
      tool: "firewall-cmd",
      verb: verb === "add" ? "add" : "remove",
      flag: { text: name, at: word.at },
      rule: `firewall-cmd ${zone} ${kind} ${normal(value)}`,
      undo: joinWords(["firewall-cmd", ...undo.filter((text) => text !== value)]),
      ...(expires && { expires }),
      ...change,
    });
  }
  const isNeutral = options.every(({ name }) =>
    /^--(?:reload|state|permanent|quiet)$|^-q$/.test(name),
  );
  return changes.length > 0 || isNeutral ? changes : undefined;
}

interface FirewalldOption {
  readonly name: string;
  readonly value: string;
  readonly word: CommandWord;
}

/** `--zone=public`, or `--zone public`. */
function readOptions(words: readonly CommandWord[]): FirewalldOption[] {
  const options: FirewalldOption[] = [];
  words.forEach((word, i) => {
    if (!word.text.startsWith("-")) return;
    const [, name = word.text, joined] = /^(--[\w-]+)=(.*)$/s.exec(word.text) ?? [];
    const next = words[i + 1]?.text ?? "";
    options.push({ name, value: joined ?? (next.startsWith("-") ? "" : next), word });
  });
  return options;
}

function normal(value: string): string {
  return value
    .replace(/["']/g, "")
    .split(/\s+/)
    .filter((word) => word !== "")
    .sort()
    .join(" ");
}

function readChange(kind: string, value: string, zone: string): FirewalldChange | undefined {
  const unfit = (reason: string): Opens => ({ unfit: reason });
  switch (kind) {
    case "port":
    case "service":
      return { source: "all", effect: "accept", opens: unfit("it opens for every source") };
    case "source": {
      const source = isKnocker(value) ? "knocker" : "others";
      const where = zone === "" ? "a zone" : `the zone ${zone}`;
      return { source, effect: "accept", opens: unfit(`it puts the source into ${where}`) };
    }
    case "rich-rule":
      return readRichRule(value);
    default:
      return undefined;
  }
}

/** `rule family="ipv4" source address="%IP%" port port="22" protocol="tcp" accept` (firewalld.richlanguage(5)) */
function readRichRule(text: string): FirewalldChange | undefined {
  const words = text
    .replace(/["']/g, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words[0] !== "rule") return undefined;
  const action = words.find((word) => /^(?:accept|reject|drop|mark)$/.test(word));
  const address = valueAfter(words, "source", "address");
  const isForAll = !words.includes("source") && !words.includes("destination");
  return {
    source: isKnocker(address ?? "") ? "knocker" : isForAll ? "all" : "others",
    effect:
      action === "accept" ? "accept" : /^(?:reject|drop)$/.test(action ?? "") ? "drop" : "other",
    opens: opensOf(words, action, address),
  };
}

function opensOf(
  words: readonly string[],
  action: string | undefined,
  address: string | undefined,
): Opens {
  if (action !== "accept") return { unfit: "its rule is not for accept" };
  if (address === undefined) return { unfit: "it opens for every source" };
  if (!isKnocker(address)) return { unfit: `it opens for ${address}` };
  const other = words.find((word) =>
    /^(?:limit|destination|forward-port|source-port|not|NOT)$/.test(word),
  );
  if (other !== undefined) return { unfit: `its rule has ${other}` };
  const name = valueAfter(words, "service", "name");
  if (name !== undefined) {
    const service = namedService(name);
    return service === undefined
      ? { unfit: `the ports of the service ${name} are not known` }
      : { services: [service] };
  }
  const port = valueAfter(words, "port", "port");
  const protocol = valueAfter(words, "port", "protocol");
  if (port !== undefined) {
    const known = parseProtocol(protocol ?? "");
    if (known === undefined) return { unfit: `no native door opens the protocol ${protocol}` };
    return opensPorts(port, [known]);
  }
  const isBare = words.every((word) =>
    /^(?:rule|family=\S+|source|address=\S+|accept|priority=\S+)$/.test(word),
  );
  return isBare ? everything : { unfit: "its rule is not for a port or a service" };
}

/** The value of `key=…` among the attributes that follow the element `name`. */
function valueAfter(words: readonly string[], name: string, key: string): string | undefined {
  const from = words.indexOf(name);
  if (from < 0) return undefined;
  const attributes = words.slice(from + 1);
  const end = attributes.findIndex((word) => !word.includes("="));
  const found = attributes
    .slice(0, end < 0 ? undefined : end)
    .find((word) => word.startsWith(`${key}=`));
  return found?.slice(key.length + 1);
}
