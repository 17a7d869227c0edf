// What an iptables command in a knockd.conf opens or closes, if it is one of the usual kind.
import { parsePortNumber } from "../../base/port.ts";
import type { Service } from "../../base/service.ts";

/** A rule that lets the knocking address use one service. */
export interface IptablesRule {
  /** Put into the chain, or taken out of it. */
  readonly verb: "open" | "close";
  readonly service: Service;
}

/** Words that take a value and do not narrow the rule down beyond what they say here. */
const matches: Readonly<Record<string, readonly string[]>> = {
  "-m": ["tcp", "udp", "icmp", "icmp6", "icmpv6", "state", "conntrack", "comment"],
  "--match": ["tcp", "udp", "icmp", "icmp6", "icmpv6", "state", "conntrack", "comment"],
  "--state": ["NEW", "NEW,ESTABLISHED", "ESTABLISHED,NEW"],
  "--ctstate": ["NEW", "NEW,ESTABLISHED", "ESTABLISHED,NEW"],
  "-j": ["ACCEPT"],
  "--jump": ["ACCEPT"],
  "-t": ["filter"],
  "--table": ["filter"],
  "-s": ["%IP%", "%IP%/32", "%IP%/128"],
  "--source": ["%IP%", "%IP%/32", "%IP%/128"],
  "--src": ["%IP%", "%IP%/32", "%IP%/128"],
};

const echoTypes = ["8", "8/0", "echo-request", "128", "128/0"];

/**
 * The rules of a command such as `iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT`, or of several
 * of them with `;` or `&&` between; undefined if there is anything in it that a native door would not
 * do in the same way (another chain, an interface, a variable, another program).
 */
export function readIptables(command: string): readonly IptablesRule[] | undefined {
  if (/["'`$\\|<>(){}*?&]/.test(command.replaceAll("&&", ";"))) return undefined;
  const parts = command
    .replaceAll("&&", ";")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const rules = parts.map(readRule);
  const known = rules.filter((rule) => rule !== undefined);
  return known.length === rules.length && known.length > 0 ? known : undefined;
}

function readRule(command: string): IptablesRule | undefined {
  const [program = "", ...words] = command.split(/\s+/);
  if (!/^(?:\/(?:usr\/)?s?bin\/)?ip6?tables(?:-nft|-legacy)?$/.test(program)) return undefined;
  const found: { verb?: IptablesRule["verb"]; protocol?: string; port?: string; from?: true } = {};
  let accepts = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const value = words[i + 1] ?? "";
    if (word === "-w" || word === "--wait") continue;
    if (matches[word]?.includes(value)) {
      if (["-s", "--source", "--src"].includes(word)) found.from = true;
      if (["-j", "--jump"].includes(word)) accepts = true;
    } else if (["-I", "--insert", "-A", "--append"].includes(word) && value === "INPUT") {
      found.verb = "open";
      // A rule's number: at the top or elsewhere, it opens.
      if (/^\d+$/.test(words[i + 2] ?? "")) i++;
    } else if (["-D", "--delete"].includes(word) && value === "INPUT") found.verb = "close";
    else if (["-p", "--protocol", "--proto"].includes(word)) found.protocol = value.toLowerCase();
    else if (["--dport", "--destination-port"].includes(word)) found.port = value;
    else if (!["--icmp-type", "--icmpv6-type"].includes(word) || !echoTypes.includes(value)) {
      return undefined;
    }
    i++;
  }
  const service = serviceOf(found.protocol, found.port);
  if (found.verb === undefined || found.from === undefined || !accepts) return undefined;
  return service && { verb: found.verb, service };
}

function serviceOf(protocol = "", port: string | undefined): Service | undefined {
  if (/^(?:icmp|icmpv6|ipv6-icmp)$/.test(protocol)) {
    return port === undefined ? { protocol: "icmp" } : undefined;
  }
  const number = parsePortNumber(port ?? "");
  if ((protocol !== "tcp" && protocol !== "udp") || number === undefined) return undefined;
  return { protocol, port: number };
}
