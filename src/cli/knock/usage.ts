// The help of `knock`. Pure.
import { formatOptions, formatParagraphs, formatTerms } from "../help.ts";
import type { KnockOptionName } from "./command-line.ts";
import { options } from "./command-line.ts";

export const usageLines = `usage: knock [options] HOST PORT[:PROTOCOL]...
       knock [options] PROFILE [-- COMMAND...]
       knock [options] --proxy HOST PORT [PORT[:PROTOCOL]...]
       knock --import [--name NAME] | --request NAME
`;

const groups = {
  packets: ["udp", "delay", "full", "payload"],
  addresses: ["ipv4", "ipv6", "both", "source", "interface"],
  waiting: ["wait", "retry", "keep", "proxy"],
  profiles: ["list", "print", "secrets", "save", "force", "profile", "file"],
  keys: ["import", "name", "request", "sequence"],
  output: ["verbose", "quiet", "json", "version", "help"],
} as const satisfies Record<string, readonly KnockOptionName[]>;

const texts: Readonly<Record<KnockOptionName, string>> = {
  udp: "send all packets by UDP, whatever the ports say",
  delay:
    "pause for MS milliseconds between two packets; use 200 if the network may reorder packets [0]",
  full: "complete each TCP connection, or wait 0.9 s for it; use it if a carrier puts a proxy between you and the server",
  payload: "send DATA in datagrams: a text, hex:00ff or @FILE [one zero byte]",
  ipv4: "knock at an IPv4 address of HOST",
  ipv6: "knock at an IPv6 address of HOST",
  both: "knock at one address of each family at the same time",
  source: "send from this address of this machine",
  interface: "send from the address of this interface; the system's routes still choose the path",
  wait: "wait until this TCP service of HOST accepts a connection: 22, tcp/22 or ssh; 22,10s waits for 10 s after each knock [5 s]",
  retry: "knock up to N times again, after growing pauses, if the service stays closed",
  keep: "keep a door open that closes after TIME (30s, 10m): knock twice in that time, and if the address of this machine changes, until Ctrl-C",
  proxy:
    "connect standard input and output to PORT of HOST when it is open: ProxyCommand knock --proxy %h %p 7003 9140 8455",
  list: "print the names of the profiles",
  import: "read a sesame: line from standard input, and save it as a profile",
  name: "name the profile NAME (with --import) [the name in the line]",
  request:
    "make a key on this machine, and print the lock1: line for knockctl user add --lock; --import of the answer completes the profile",
  sequence: "use the sequence of a profile that also has a key",
  print: "print a profile, without its sequence, key and payload",
  secrets: "print the sequence, the key and the payload, too (with --print)",
  save: "save this command line as a profile, and send nothing",
  force: "replace a profile or a key (with --save, --import or --request)",
  profile: "use this profile where PROFILE would be ambiguous",
  file: "read profiles from FILE [~/.config/sesame/knock.conf, on Windows %APPDATA%\\sesame\\knock.conf]",
  verbose: "print each packet before it leaves",
  quiet: "print no progress, no warnings and no reason for a failure",
  json: "print JSON",
  version: "print the version",
  help: "print this text",
};

/** Returns the text of `knock --help`. */
export function formatUsage(): string {
  const lists = Object.entries(groups).map(([title, names]) => {
    const members = options.filter(({ long }) => names.some((name) => name === long));
    return `${title}\n${formatOptions(members.map((option) => ({ ...option, help: texts[option.long as KnockOptionName] })))}`;
  });
  return `${usageLines}
${formatParagraphs(`
    Sends one packet to each PORT of HOST, in the order given. A PORT is a number or the name of
    a service. A PROTOCOL is tcp or udp [tcp]. Commas may separate PORTs. +300 between two PORTs
    pauses for 300 ms. A PROFILE is a HOST with its PORTs, saved under a name.

    A COMMAND runs when the door is open, and knock exits with its exit code. After HOST and PORTs
    it needs one of the options that knockd's client lacks.`)}
${lists.join("\n")}
exit codes
${formatTerms([
  ["0", "knock sent all packets and, with --wait, the service accepted a connection"],
  ["1", "failure, wrong usage, or --help"],
  ["others", "exit code of COMMAND; 126 or 127 if it cannot run"],
])}
examples
  knock -v -d 200 gate.example.org 7003 9140:udp 8455
  knock --wait 22 --save home gate.example.org 7003 9140 8455
  knock home -- ssh gate.example.org
  knock --import --name home <line-from-the-administrator
`;
}
