import { describe, expect, test } from "vitest";
import { formatServices } from "../../base/service.ts";
import { readFirewallCommand } from "./firewall-command.ts";

/** What native doors would open, or why none does; undefined if the command is not known. */
function native(command: string): string | undefined {
  const { changes, isComplete } = readFirewallCommand(command);
  if (!isComplete) return undefined;
  return changes
    .map(({ verb, opens }) =>
      "unfit" in opens ? opens.unfit : `${verb} ${formatServices(opens.services)}`,
    )
    .join("; ");
}

const rule = "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";

describe("a native door can take the place of", () => {
  test.each([
    [rule, "add tcp/22"],
    ["/sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "add tcp/22"],
    ["/usr/sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "remove tcp/22"],
    ["sudo iptables-nft -I INPUT -s %IP% -p tcp --dport=22 -j ACCEPT", "add tcp/22"],
    ["iptables -w 5 -I INPUT 1 -p TCP -s %IP%/32 --destination-port 443 -j ACCEPT", "add tcp/443"],
    ["iptables -I INPUT -s $KNOCK_IP -p udp --dport 51820 -j ACCEPT", "add udp/51820"],
    ["iptables -A INPUT -s %IP% -p tcp --syn --dport 22 -j ACCEPT", "add tcp/22"],
    ["iptables -I INPUT -s %IP% -p tcp --dport ssh -j ACCEPT", "add tcp/22"],
    [
      "iptables -I INPUT -s %IP% -p tcp -m multiport --dports 22,https -j ACCEPT",
      "add tcp/22, tcp/443",
    ],
    [
      'iptables -I INPUT -s %IP% -p tcp --dport 22 -m comment --comment "a; guest" -j ACCEPT',
      "add tcp/22",
    ],
    [
      "iptables -I INPUT -s %IP% -p tcp -m tcp -m state --state NEW,ESTABLISHED --dport 22 -j ACCEPT",
      "add tcp/22",
    ],
    [
      "iptables -I INPUT -s %IP% -p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT # first",
      "add tcp/22",
    ],
    ["iptables -I INPUT -s %IP% -p icmp --icmp-type echo-request -j ACCEPT", "add icmp"],
    ["ip6tables -I INPUT -s %IP%/128 -p ipv6-icmp --icmpv6-type 128 -j ACCEPT", "add icmp"],
    [`${rule} > /dev/null 2>&1; ${rule.replace("22", "80")}`, "add tcp/22; add tcp/80"],
    [`${rule} && ip6${rule.slice(2)}`, "add tcp/22; add tcp/22"],
    [`sh -c '${rule}'`, "add tcp/22"],
    [
      "iptables -t nat -A PREROUTING -s %IP% -p udp --dport 53 -j DNAT --to-destination 10.0.0.5",
      "add udp/53 -> 10.0.0.5:53",
    ],
    [
      "ip6tables -t nat -I PREROUTING -s %IP% -p tcp --dport 2222 -j DNAT --to-destination '[fd00::5]:22'",
      "add tcp/2222 -> [fd00::5]:22",
    ],
    [
      "iptables -I FORWARD -s %IP% -d 10.0.0.0/24 -p tcp -m multiport --dports 22,80 -j ACCEPT",
      "add tcp/22 to 10.0.0.0/24, tcp/80 to 10.0.0.0/24",
    ],
    ["/usr/sbin/ufw allow from %IP% to any port 22 proto tcp", "add tcp/22"],
    ["ufw insert 1 allow proto tcp from %IP% to any port ssh comment 'a guest'", "add tcp/22"],
    ["ufw --force delete allow from %IP% to any port 22", "remove tcp/22, udp/22"],
    [
      `firewall-cmd --zone=public --add-rich-rule='rule family="ipv4" source address="%IP%" port port="22" protocol="tcp" accept'`,
      "add tcp/22",
    ],
    [
      `/bin/firewall-cmd --remove-rich-rule="rule family="ipv4" source address="%IP%" service name="ssh" accept"`,
      "remove tcp/22",
    ],
    ["iptables -I INPUT -s %IP% -j ACCEPT", "add any"],
    ["ufw allow from %IP%", "add any"],
    [`firewall-cmd --add-rich-rule='rule family="ipv4" source address="%IP%" accept'`, "add any"],
    ["nft insert rule inet filter input ip saddr %IP% accept", "add any"],
    ["nft insert rule inet filter input ip saddr %IP% tcp dport 22 accept", "add tcp/22"],
    [
      "nft 'insert rule ip filter INPUT tcp dport { 22, 443 } ct state new ip saddr %IP% counter accept'",
      "add tcp/22, tcp/443",
    ],
  ])("%s", (command, opens) => expect(native(command)).toBe(opens));
});

describe("a native door cannot take the place of", () => {
  test.each([
    ["iptables -I INPUT -p tcp --dport 22 -j ACCEPT", "it opens for every source"],
    ["iptables -I INPUT -s 192.0.2.1 -p tcp --dport 22 -j ACCEPT", "it opens for 192.0.2.1"],
    ["iptables -I KNOCK -s %IP% -p tcp --dport 22 -j ACCEPT", "it changes the chain KNOCK"],
    ["iptables -I INPUT -i eth0 -s %IP% -p tcp --dport 22 -j ACCEPT", "it has -i eth0"],
    [
      "iptables -I INPUT -s %IP% -p tcp --dport 22:23 -j ACCEPT",
      "it opens a range of ports, 22:23",
    ],
    ["iptables -I INPUT -s %IP% -j LOG", "its rule is not for ACCEPT, but LOG"],
    ["iptables -I INPUT -s %IP% -p tcp -j ACCEPT", "it opens all ports of tcp"],
    ["iptables -I INPUT -s %IP% -p esp -j ACCEPT", "no native door opens the protocol esp"],
    ["iptables -I INPUT -s %IP% -p icmp --icmp-type 13 -j ACCEPT", "it has --icmp-type 13"],
    ["iptables -I INPUT ! -s %IP% -p tcp --dport 22 -j ACCEPT", "it has ! -s %IP%"],
    ["iptables -I INPUT -s ! %IP% -p tcp --dport 22 -j ACCEPT", "it has ! -s %IP%"],
    ["iptables -I INPUT -s %IP% -p tcp --dport 22 -j DROP", "its rule is not for ACCEPT, but DROP"],
    ["iptables -I INPUT -s %IP% -p tcp --dport 22", "its rule is not for ACCEPT, but none"],
    ["iptables -t nat -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "it changes the table nat"],
    [
      "iptables -I INPUT -s %IP% -p tcp --dport 22 -m state --state ESTABLISHED -j ACCEPT",
      "it accepts no new connections",
    ],
    [
      "iptables -I INPUT -s %IP% -p tcp --dport 22 -m limit --limit 1/s -j ACCEPT",
      "it has -m limit",
    ],
    [
      "iptables -I INPUT -s %IP% -p tcp --dport nonsense -j ACCEPT",
      "the port nonsense is not known",
    ],
    ["ufw allow 22/tcp", "it opens for every source"],
    ["ufw limit from %IP% to any port 22", "no native door does what ufw limit does"],
    ["ufw allow in on eth0 from %IP% to any port 22", "it has on eth0"],
    ["ufw delete 3", "it deletes rule 3, whichever that is"],
    ["firewall-cmd --add-port=22/tcp", "it opens for every source"],
    ["firewall-cmd --zone=trusted --add-source=%IP%", "it puts the source into the zone trusted"],
    ["ipset add knock %IP% timeout 60", "what the set knock opens is not in this file"],
    [
      "nft add element inet filter knock '{ %IP% timeout 1h }'",
      "what the set knock opens is not in this file",
    ],
    ["nft delete rule inet filter input handle 7", "it deletes a rule by its handle"],
    [
      "nft insert rule inet filter input ip saddr %IP% limit rate 1/second accept",
      "its rule has more than a source and ports",
    ],
  ])("%s", (command, reason) => expect(native(command)).toBe(reason));
});

describe("is not known:", () => {
  test.each([
    ["another program", "/usr/local/bin/open %IP%"],
    ["another program besides", `${rule}; mail root`],
    ["a background job", `${rule} &`],
    ["a variable", rule.replace("%IP%", "$IP")],
    ["a redirection to a file", `${rule} > /tmp/x`],
    ["a command if another one fails", `${rule.replace("-I", "-C")} || ${rule}`],
    ["an expansion", rule.replace("%IP%", "$(cat x)")],
    ["an unfinished quote", `${rule} 'x`],
    ["a typographic dash", rule.replace("--dport", "–dport")],
    ["nothing", ""],
  ])("%s", (_, command) => expect(native(command) ?? "").not.toMatch(/add/));
});

describe("is undone by", () => {
  test.each([
    [rule, "iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT"],
    [
      'iptables -I INPUT 1 -s %IP% -p tcp --dport ssh -m comment --comment "a guest" -j ACCEPT',
      "iptables -D INPUT -s %IP% -p tcp --dport ssh -m comment --comment 'a guest' -j ACCEPT",
    ],
    ["ufw insert 1 allow from %IP% to any port 22", "ufw delete allow from %IP% to any port 22"],
    ["ufw allow ssh", "ufw delete allow 22/tcp"],
    [
      "firewall-cmd --zone=public --add-port=22/tcp",
      "firewall-cmd --remove-port 22/tcp --zone=public",
    ],
    ["ipset add knock %IP% timeout 60", "ipset del knock %IP%"],
    ["nft add element inet f s { %IP% timeout 1h }", "nft delete element inet f s '{ %IP% }'"],
    ["iptables -D INPUT -p tcp --dport 22 -j DROP", "iptables -A INPUT -p tcp --dport 22 -j DROP"],
  ])("%s", (command, undoing) => {
    const [change] = readFirewallCommand(command).changes;
    const [undone] = readFirewallCommand(undoing).changes;
    expect(change?.rule).toBeDefined();
    expect([undone?.rule, undone?.verb]).toEqual([
      change?.rule,
      change?.verb === "add" ? "remove" : "add",
    ]);
    // What is proposed undoes it as well.
    const [proposed] = readFirewallCommand(change?.undo ?? "").changes;
    expect([proposed?.rule, proposed?.verb]).toEqual([undone?.rule, undone?.verb]);
  });
});
