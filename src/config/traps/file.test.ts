import { describe, expect, test } from "vitest";
import { parseConfig } from "../parse.ts";

/** The warnings of a file, which must be good otherwise. */
function warnings(text: string): string[] {
  const { config, problems } = parseConfig(text);
  expect(config).toBeDefined();
  return problems.map(({ line, column, message, hint }) =>
    [`${line}:${column}: ${message}`, ...(hint === undefined ? [] : [hint])].join(" | "),
  );
}

function door(...lines: string[]): string {
  const usual = ["sequence = 3,1,2", "tcpflags = syn", "command = true"];
  return ["[x]", ...usual, ...lines].join("\n");
}

const ascend = "the ports of 'x' ascend: a plain port scan knocks them in this order";

describe("a trap is told with its place", () => {
  test.each([
    ["no door", "", "1:1: no doors: nothing will ever be opened"],
    [
      "options that knockd takes for a door",
      `${door()}\n[Options]`,
      "5:1: [Options] is read as [options]; in knockd 0.8 it would be a door",
    ],
    [
      "an en dash in a command",
      door("stop_command = iptables –dport 22"),
      '5:25: "–dport" begins with a typographic dash | was -- or - meant? knockctl migrate --repair fixes it',
    ],
    [
      "a minus sign in another value",
      "[options]\nLogFile = −x\n[x]\nsequence = 2,1\ntcpflags = syn\ncommand = true",
      '2:11: "−x" begins with a typographic dash | was -- or - meant? knockctl migrate --repair fixes it',
    ],
    [
      "metrics for everybody",
      `${door()}\n[options]\nMetricsListen = 0.0.0.0:9190 # all`,
      "6:17: other hosts that reach this address can read the metrics | 127.0.0.1 or [::1]",
    ],
    [
      "ascending ports without decoys",
      door("sequence = 7000,8000,9000", "decoys = 0"),
      `1:1: ${ascend} | shuffle them, or let it have decoys`,
    ],
    [
      "no time to be open",
      "[x]\nsequence = 2,1\ntcpflags = syn\nopen = icmp\nopen_for = 0",
      "1:1: open_for is 0: 'x' can never be opened",
    ],
    [
      "a door that opens everything",
      "[x]\nsequence = 2:udp,1:udp\nopen = any",
      "1:1: 'x' opens all protected services at once for the source that knocks | open = tcp/22 opens one",
    ],
    ["no time at all", door("seq_timeout = 0"), "1:1: seq_timeout is 0: 'x' can never be opened"],
    [
      "a time that ipset cannot count",
      "[options]\nFirewall = ipset\n[x]\nsequence = 2:udp,1:udp\nopen = tcp/22\nopen_for = 25d",
      "3:1: open_for is longer than ipset can count: 'x' will be open for 24.8 days",
    ],
    [
      "a list of one-time sequences that is another door's, too",
      ["a", "b"]
        .map((name) => `[${name}]\none_time_sequences = /l\ntcpflags = syn\ncommand = true\n`)
        .join(""),
      "5:1: 'b' has the list of one-time sequences of 'a': what one of them used up may still open the other | a list for each door",
    ],
    [
      "ufw in the text of a shell",
      door("stop_command = sleep 1; /usr/sbin/ufw delete allow from %IP%"),
      "5:16: other commands may run ufw at the same time, which loses changes: the kind of this one is sh | serial = ufw",
    ],
    [
      "a script that is named after firewall-cmd",
      door("command_6 = /etc/knockd/firewall-cmd.sh %IP%"),
      "5:13: other commands may run firewall-cmd at the same time, which loses changes: the kind of this one is firewall-cmd.sh | serial = firewall-cmd",
    ],
    ["no command", "[x]\nsequence = 2:udp,1:udp", "1:1: 'x' opens nothing and runs no command"],
    [
      "empty commands only",
      "[x]\nsequence = 2:udp,1:udp\ncommand =\nstop_command =",
      "1:1: 'x' opens nothing and runs no command",
    ],
    [
      "no flags",
      "[x]\nsequence = 2,1:udp\ncommand = true",
      "1:1: 'x' has no tcpflags: any TCP packet to its ports counts, not only the first of a connection | tcpflags = syn",
    ],
    [
      "a rule at the end of a chain",
      door("start_command = /sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT"),
      "5:32: -A puts the rule at the end of INPUT: behind one that drops it opens nothing | -I INPUT",
    ],
    [
      "a rule at the end of a chain, the long way, of another program's chain, after a command",
      door("command_6 = true; ip6tables -w --append ufw6-user-input -s %IP% -j ACCEPT"),
      "5:32: --append puts the rule at the end of ufw6-user-input: behind one that drops it opens nothing | -I ufw6-user-input",
    ],
    [
      "a rule at the end of a chain of nft's",
      door("start_command = nft add rule inet filter input ip saddr %IP% accept"),
      "5:21: add puts the rule at the end of input: behind one that drops it opens nothing | insert rule … input",
    ],
  ])("%s", (_, text, warning) => expect(warnings(text)).toEqual([warning]));
});

describe("a tool that loses changes is seen", () => {
  test.each([
    ["nice ufw allow from %IP%", "nice", "ufw"],
    ["nice -n 5 ufw allow from %IP%", "nice", "ufw"],
    ["doas -u root ufw allow from %IP%", "doas", "ufw"],
    ["flock /l ufw allow from %IP%", "flock", "ufw"],
    ["flock -n /l ufw allow from %IP%", "flock", "ufw"],
    ["flock -w 5 /l nice -5 /usr/sbin/ufw allow from %IP%", "flock", "ufw"],
    ["flock /l -c 'ufw allow from %IP%'", "flock", "ufw"],
    ["su root -c 'sleep 1; ufw reload'", "su", "ufw"],
    ["sudo ionice -c3 sh -c 'ufw reload'", "ionice", "ufw"],
    ["/usr/bin/python3 /usr/sbin/ufw allow from %IP%", "python3", "ufw"],
    ["python3.11 /etc/knockd/ufw-open.py %IP%", "python3.11", "ufw"],
    ["nohup env LANG=C timeout 5 firewall-cmd --reload", "nohup", "firewall-cmd"],
  ])("in %s", (command, kind, tool) =>
    expect(warnings(door(`stop_command = ${command}`))).toEqual([
      `5:16: other commands may run ${tool} at the same time, which loses changes: the kind of this one is ${kind} | serial = ${tool}`,
    ]),
  );

  test.each([
    "logger ufw",
    "logger -t ufw closed",
    "nice logger ufw",
    "nice -n 5 logger -t ufw closed",
    "flock /run/ufw iptables -L",
    "flock -w 5 /run/ufw.lock iptables -L",
    "python3 /etc/knockd/open.py ufw",
    "doas",
  ])("not in %s", (command) => expect(warnings(door(`stop_command = ${command}`))).toEqual([]));
});

describe("no trap is seen in", () => {
  test.each([
    ["a usual door", door()],
    ["ufw alone", door("stop_command = sudo ufw delete allow from %IP%")],
    ["ufw with serial", door("stop_command = ufw a; ufw b", "serial = ufw")],
    ["ascending ports among decoys", door("sequence = 7000,8000,9000")],
    ["one port", door("sequence = 7000")],
    ["a port that comes twice", door("sequence = 7000,7000")],
    ["UDP without flags", "[x]\nsequence = 2:udp,1:udp\ncommand = true"],
    ["one port and no time, where none can pass", door("sequence = 7000", "seq_timeout = 0")],
    ["a dash between words", door("stop_command = echo a – b")],
    ["a list of one-time sequences", "[x]\none_time_sequences = /a\ntcpflags=syn\ncommand = true"],
    [
      "the longest time that ipset can count",
      "[options]\nFirewall = ipset\n[x]\nsequence = 2:udp,1:udp\nopen = tcp/22\nopen_for = 2147483",
    ],
    ["a long time with nftables", "[x]\nsequence = 2:udp,1:udp\nopen = tcp/22\nopen_for = 25d"],
    ["a rule that is put first", door("command = iptables -I INPUT -s %IP% -j ACCEPT")],
    ["a rule at the end that shuts", door("command = iptables -A INPUT -s %IP% -j DROP")],
    ["a rule in a chain of one's own", door("command = iptables -A KNOCKED -s %IP% -j ACCEPT")],
    ["a rule that closes", door("stop_command = iptables -A INPUT -s %IP% -j ACCEPT")],
    [
      "a rule at the end of another chain, beside a command that accepts",
      door("command = iptables -A INPUT -s %IP% -j LOG; echo ACCEPT"),
    ],
    ["a command for IPv6 alone", "[x]\nsequence = 1\ntcpflags = syn\ncommand_6 = true"],
  ])("%s", (_, text) => expect(warnings(text)).toEqual([]));
});

describe("doors that one knock opens together", () => {
  const two = (one: string, other: string, more = "") =>
    ["[a]", one, "[b]", other].map((line) => line.replaceAll("; ", "\n")).join("\n") + more;
  const rest = "tcpflags = syn; command = true";
  const seq = (sequence: string, flags = "") => `sequence = ${sequence}; ${rest}${flags}`;
  const part = (name: string, other: string) =>
    `the sequence of '${other}' is a part of that of '${name}': a knock at '${name}' opens both`;

  test.each([
    [
      "the same ports",
      two(seq("3,1"), seq("3,1")),
      ["5:1: 'b' has the sequence of 'a': one knock opens both"],
    ],
    ["the beginning", two(seq("3,1"), seq("3,1,2")), [`5:1: ${part("b", "a")}`]],
    [
      "the beginning, in the other order",
      two(seq("3,1,2"), seq("3,1")),
      [`1:1: ${part("a", "b")}`],
    ],
    ["the end", two(seq("1"), seq("3:udp,1")), [`5:1: ${part("b", "a")}`]],
    ["the middle", two(seq("3,2,3,1,5"), seq("3,1")), [`1:1: ${part("a", "b")}`]],
    ["flags that exclude each other", two(seq("3,1"), seq("3,1", "; tcpflags = fin,!syn")), []],
    [
      "flags that do not",
      two(seq("3,1"), seq("3,1", "; tcpflags = syn,!ack")),
      ["5:1: 'b' has the sequence of 'a': one knock opens both"],
    ],
    ["another target", two(seq("3,1"), seq("3,1", "; target = 192.0.2.1")), []],
    ["another protocol", two(seq("3,1"), seq("3:udp,1,2")), []],
    ["the other way round", two(seq("3,1,2"), seq("2,1,3")), []],
    ["steps that do not follow one another", two(seq("3,1"), seq("3,2,1")), []],
  ])("%s", (_, text, expected) => expect(warnings(text)).toEqual(expected));
});
