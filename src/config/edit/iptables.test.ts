import { expect, test } from "vitest";
import { formatService } from "../../base/service.ts";
import { readIptables } from "./iptables.ts";

function read(command: string): string | undefined {
  return readIptables(command)
    ?.map(({ verb, service }) => `${verb} ${formatService(service)}`)
    .join(", ");
}

test.each([
  ["iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "open tcp/22"],
  ["/sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "open tcp/22"],
  ["/usr/sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT", "close tcp/22"],
  ["iptables -w -I INPUT 1 -p tcp -s %IP%/32 --destination-port 443 -j ACCEPT", "open tcp/443"],
  ["iptables -I INPUT -s %IP% -p udp --dport 51820 -j ACCEPT", "open udp/51820"],
  ["iptables -A INPUT -s %IP% -p tcp --syn --dport 22 -j ACCEPT", undefined],
  [
    "iptables -I INPUT -s %IP% -p tcp -m tcp -m state --state NEW --dport 22 -j ACCEPT",
    "open tcp/22",
  ],
  ["iptables -I INPUT -s %IP% -p icmp --icmp-type echo-request -j ACCEPT", "open icmp"],
  ["iptables -I INPUT -s %IP% -p icmp --icmp-type 8 -j ACCEPT", "open icmp"],
  ["iptables -I INPUT -p icmp -s %IP% -j ACCEPT", "open icmp"],
  ["ip6tables -I INPUT -s %IP% -p ipv6-icmp --icmpv6-type echo-request -j ACCEPT", "open icmp"],
  [
    "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; iptables -I INPUT -s %IP% -p tcp --dport 80 -j ACCEPT",
    "open tcp/22, open tcp/80",
  ],
  [
    "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT && ip6tables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT",
    "open tcp/22, open tcp/22",
  ],
])("%s", (command, meaning) => {
  expect(read(command)).toBe(meaning);
});

test.each([
  ["opens to everybody", "iptables -I INPUT -p tcp --dport 22 -j ACCEPT"],
  ["another chain", "iptables -I KNOCK -s %IP% -p tcp --dport 22 -j ACCEPT"],
  ["an interface", "iptables -I INPUT -i eth0 -s %IP% -p tcp --dport 22 -j ACCEPT"],
  ["a range of ports", "iptables -I INPUT -s %IP% -p tcp --dport 22:23 -j ACCEPT"],
  ["all protocols", "iptables -I INPUT -s %IP% -j ACCEPT"],
  ["every kind of ICMP but echo", "iptables -I INPUT -s %IP% -p icmp --icmp-type 13 -j ACCEPT"],
  ["a negation", "iptables -I INPUT ! -s %IP% -p tcp --dport 22 -j ACCEPT"],
  ["a drop", "iptables -I INPUT -s %IP% -p tcp --dport 22 -j DROP"],
  ["no target", "iptables -I INPUT -s %IP% -p tcp --dport 22"],
  ["another table", "iptables -t nat -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT"],
  ["another program", "ufw allow from %IP% to any port 22"],
  ["something else besides", "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT; mail root"],
  ["a background job", "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT &"],
  ["a variable", "iptables -I INPUT -s $IP -p tcp --dport 22 -j ACCEPT"],
  ["a redirection", "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT > /dev/null"],
  ["a typographic dash", "iptables -I INPUT -s %IP% -p tcp –dport 22 -j ACCEPT"],
  ["nothing", ""],
])("is not read as a native door: %s", (_, command) => {
  expect(readIptables(command)).toBeUndefined();
});
