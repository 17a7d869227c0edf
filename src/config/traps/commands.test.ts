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
  return ["[x]", "sequence = 3,1,2", "tcpflags = syn", ...lines].join("\n");
}

const repairs = "knockctl migrate --repair fixes it";
const rule = "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";
const variable = "$" + "{IP}";
const inverse = rule.replace("-I", "-D");

describe("a command that cannot work is told with its place:", () => {
  test.each([
    [
      "quotes around the whole command",
      `command = "${rule}"`,
      "4:11: the whole command is in quotes: the shell looks for a program of that long name | without the quotes",
    ],
    [
      "typographic quotes",
      "command = iptables -I INPUT -s %IP% -m comment --comment “knock” -j ACCEPT",
      `4:58: “ is a typographic quote, which quotes nothing | was " meant? ${repairs}`,
    ],
    [
      "a no-break space",
      "command = iptables -I INPUT -s\u00a0%IP% -j ACCEPT",
      `4:31: no-break space U+00A0 does not part words | an ordinary blank; ${repairs}`,
    ],
    [
      "an invisible character",
      "command = open-door \u200b%IP%",
      `4:21: invisible character U+200B | ${repairs}`,
    ],
    [
      "a placeholder in lower case",
      "command = open-door %ip%",
      '4:21: "%ip%" stands for nothing | %IP%',
    ],
    ["half a placeholder", "command = open-door %IP -j", '4:21: "%IP" stands for nothing | %IP%'],
    ["the other half", "command = open-door IP%", '4:21: "IP%" stands for nothing | %IP%'],
    ["a variable", "command = open-door $IP", "4:21: nothing sets $IP | %IP% or $KNOCK_IP"],
    [
      "a variable in braces",
      `command = a "${variable}"`,
      `4:14: nothing sets ${variable} | %IP% or $KNOCK_IP`,
    ],
    [
      "a port without a protocol",
      "command = iptables -I INPUT -s %IP% --dport 22 -j ACCEPT",
      "4:37: --dport without -p: iptables refuses the command | -p tcp --dport",
    ],
    [
      "a port before its protocol",
      "command = iptables -I INPUT --dport 22 -p tcp -s %IP% -j ACCEPT",
      "4:29: --dport before -p: iptables refuses the command | -p tcp --dport",
    ],
    [
      "several ports without multiport",
      "command = iptables -I INPUT -s %IP% -p tcp --dports 22,80 -j ACCEPT",
      "4:44: --dports without -m multiport: iptables refuses the command | -m multiport --dports",
    ],
    [
      "a comment without its match",
      "command = iptables -I INPUT -s %IP% -j ACCEPT --comment guest",
      "4:47: --comment without -m comment: iptables refuses the command | -m comment --comment",
    ],
    [
      "a state without its match",
      "command = iptables -I INPUT -s %IP% --ctstate NEW -j ACCEPT",
      "4:37: --ctstate without -m conntrack: iptables refuses the command | -m conntrack --ctstate",
    ],
    [
      "a rule of nft without its handle",
      "command = nft delete rule inet filter input ip saddr %IP% accept",
      "4:15: nft deletes a rule by its handle alone: it refuses the command | an element of a set can be deleted by its address, and has a timeout",
    ],
    [
      "a backslash at the end",
      "command = open-door \\",
      "4:21: a command is one line: the next line is not part of it | write it on one line, without the \\",
    ],
  ])("%s", (_, line, warning) => expect(warnings(door(line))).toEqual([warning]));
});

describe("a rule without a source opens for every source:", () => {
  test.each([
    ["iptables -I INPUT -p udp --dport 51820 -j ACCEPT", "4:20: -I", "-s %IP%"],
    [
      "iptables -I INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -j ACCEPT",
      "4:20: -I",
      "-s %IP%",
    ],
    ["/sbin/iptables -D INPUT -p tcp --dport 22 -j DROP", "4:26: -D", "-s %IP%"],
    ["iptables -P INPUT ACCEPT", "4:20: -P", "-s %IP%"],
    [
      "iptables -t nat -I PREROUTING -p tcp --dport 22 -j REDIRECT --to-ports 2222",
      "4:27: -I",
      "-s %IP%",
    ],
    ["/usr/sbin/ufw allow 2222/tcp", "4:25: allow", "allow from %IP% to any port …"],
    ["ufw allow OpenSSH", "4:15: allow", "allow from %IP% to any port …"],
    [
      "firewall-cmd --zone=public --add-port=22/tcp",
      "4:38: --add-port",
      `--add-rich-rule='rule family="ipv4" source address="%IP%" …'`,
    ],
    ["nft insert rule inet filter input tcp dport 22 accept", "4:15: insert", "ip saddr %IP%"],
  ])("%s", (command, at, hint) => {
    const warning = `${at} opens for every source: the rule has no %IP% | ${hint}`;
    expect(warnings(door(`command = ${command}`))).toEqual([warning]);
  });
});

describe("a stop command that does not undo the start command is told:", () => {
  const notUndone = (start: string, stop: string) =>
    warnings(door(`start_command = ${start}`, `stop_command = ${stop}`));
  const message = "5:16: the stop command does not undo the start command";

  test.each([
    ["another port", rule, inverse.replace("22", "2"), `${message} | ${inverse}`],
    ["another source", rule, inverse.replace("-s %IP% ", ""), `${message} | ${inverse}`],
    ["a rule that drops", rule, rule.replace("ACCEPT", "DROP"), `${message} | ${inverse}`],
    [
      "a rule without the comment",
      `${rule} -m comment --comment a`,
      inverse,
      `${message} | ${inverse} -m comment --comment a`,
    ],
    [
      "one rule of two",
      `${rule}; ${rule.replace("22", "80")}`,
      inverse,
      `${message} | ${inverse.replace("22", "80")}`,
    ],
    [
      "another port of ufw",
      "ufw allow from %IP% to any port 22 proto tcp",
      "ufw delete allow from %IP% to any port 2 proto tcp",
      `${message} | ufw delete allow from %IP% to any port 22 proto tcp`,
    ],
    [
      "a number",
      rule,
      "iptables -D INPUT 1",
      `5:25: the stop command deletes what stands at this number, which may be another rule | ${inverse}`,
    ],
    [
      "an element of another set",
      "ipset add knock %IP%",
      "ipset del knocks %IP%",
      `${message} | ipset del knock %IP%`,
    ],
  ])("%s", (_, start, stop, warning) => expect(notUndone(start, stop)).toEqual([warning]));

  test("also for IPv6", () => {
    const text = door(
      `start_command = ${rule}`,
      `stop_command = ${inverse}`,
      `start_command_6 = ip6${rule.slice(2)}`,
    );
    expect(warnings(text)).toEqual([`${message} | ip6${inverse.slice(2)}`]);
  });
});

describe("nothing is said of", () => {
  test.each([
    ["a rule and its opposite", rule, inverse],
    [
      "another order of the words",
      rule,
      "iptables -D INPUT -p tcp -s %IP%/32 --dport ssh -j ACCEPT",
    ],
    ["a place in the chain", rule.replace("INPUT", "INPUT 1"), inverse],
    ["a name of the program with its directory", `/sbin/${rule}`, inverse],
    ["a comment of the shell", `${rule} # first`, inverse],
    ["a failure that does not matter", rule, `${inverse} || true`],
    ["a rule that is deleted first", `${inverse}; ${rule}`, inverse],
    ["a program that is not known", rule, "/usr/local/bin/close %IP%"],
    ["a program besides", `${rule}; logger -t door "open %IP%"`, `${inverse}; logger shut`],
    ["a chain that is emptied", "iptables -I KNOCK -s %IP% -j ACCEPT", "iptables -F KNOCK"],
    [
      "ufw",
      "ufw insert 1 allow from %IP% to any port 22",
      "ufw delete allow from %IP% to any port 22",
    ],
    [
      "firewalld",
      `firewall-cmd --zone=public --add-rich-rule="rule family="ipv4" source address="%IP%" service name="ssh" accept"`,
      `firewall-cmd --zone=public --remove-rich-rule="rule family="ipv4" source address="%IP%" service name="ssh" accept"`,
    ],
    ["an element with a time", "ipset add knock %IP% timeout 30", "true"],
    [
      "elements of nft",
      "nft add element inet f knock { %IP% }",
      "nft delete element inet f knock { %IP% }",
    ],
    ["a rule for replies", "iptables -I INPUT -m state --state ESTABLISHED -j ACCEPT", "true x"],
    ["a rule of another network", "iptables -I INPUT -s 192.0.2.0/24 -j ACCEPT", "true x"],
    ["a rule that drops", "iptables -I INPUT -p tcp --dport 22 -j DROP", "true x"],
    ["a list of sources", "iptables -I INPUT -m set --match-set s src -j ACCEPT", "true x"],
    ["what goes out", "iptables -I OUTPUT -p tcp -j ACCEPT", "true x"],
    ["a path with a blank", '"/opt/my door/open"', "true x"],
    ["quotes within a command", `logger -t door "a visit of %IP%"`, "true x"],
    ["typographic quotes in quotes", `logger "“%IP%” s’annonce"`, "true x"],
    ["an apostrophe", "logger l’entrée", "true x"],
    ["a percentage", "logger 100% of %IP% at $(date +%I%p)", "true x"],
    ["a variable that is set", "IP=%IP%; echo $IP", "true x"],
    ["a variable of another name", "echo $KNOCK_IP $IPS", "true x"],
  ])("%s", (_, start, stop) => {
    expect(warnings(door(`start_command = ${start}`, `stop_command = ${stop}`))).toEqual([]);
  });
});

test("an invisible character before a section is named once, and the section read", () => {
  const { problems, doorSections } = parseConfig(`\u200b${door("command = true")}`);
  expect(problems).toEqual([
    {
      severity: "error",
      line: 1,
      column: 1,
      message: "invisible character U+200B",
      hint: "delete it",
    },
  ]);
  expect(doorSections.map(({ name }) => name)).toEqual(["x"]);
});

test("an open that cannot be read is an error, and no door without an action", () => {
  expect(parseConfig(door("open = ssh")).problems).toHaveLength(1);
});
