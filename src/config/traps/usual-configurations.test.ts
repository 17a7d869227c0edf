// Whole configurations in the shapes that people publish: what they are told, and which doors become native.
import { describe, expect, test } from "vitest";
import { migrate } from "../edit/migration.ts";
import { parseConfig } from "../parse.ts";
import { findPairTraps } from "./pairs.ts";

interface UsualCase {
  readonly lines: readonly string[];
  /** What is said of the file, apart from rules at the end of a chain. */
  readonly told: readonly string[];
  /** What migrated doors open. */
  readonly opens: readonly string[];
}

const door = (name: string, ports: string, ...lines: readonly string[]) => [
  `[${name}]`,
  `    sequence    = ${ports}`,
  "    seq_timeout = 10",
  "    tcpflags    = syn",
  ...lines.map((line) => `    ${line}`),
];

const ssh = "-s %IP% -p tcp --dport 22 -j ACCEPT";
const left = "a second knock at 'open' puts its rule in once more";
const forAll = "opens for every source: the rule has no %IP%";

const cases: Readonly<Record<string, UsualCase>> = {
  "the example of Debian's package": {
    lines: [
      "[options]",
      "    UseSyslog",
      ...door("open", "7000,8000,9000", `command = /sbin/iptables -A INPUT ${ssh}`),
      ...door("close", "9000,8000,7000", `command = /sbin/iptables -D INPUT ${ssh}`),
      ...door(
        "openHTTPS",
        "12345,54321,24680,13579",
        "command = /usr/local/sbin/knock_add -i -c INPUT -p tcp -d 443 -f %IP%",
      ),
    ],
    told: [left],
    opens: ["tcp/22"],
  },
  "one door that closes itself": {
    lines: door(
      "ssh",
      "2222:udp,3333:tcp,4444:udp",
      `start_command = /usr/sbin/iptables -I INPUT 1 -p tcp --syn ${ssh.replace("-p tcp ", "")} # first`,
      "cmd_timeout = 60",
      `stop_command = /usr/sbin/iptables -D INPUT -p tcp --syn ${ssh.replace("-p tcp ", "")}`,
    ),
    told: [],
    opens: ["tcp/22"],
  },
  "states before the port": {
    lines: door(
      "ssh",
      "1,3,2",
      "start_command = iptables -I INPUT -s %IP%/32 -p tcp -m state --state NEW -m tcp --dport 2200 -j ACCEPT",
      "stop_command = iptables -D INPUT -s %IP%/32 -p tcp -m state --state NEW -m tcp --dport 2200 -j ACCEPT",
    ),
    told: [],
    opens: ["tcp/2200"],
  },
  "ufw, for both protocols": {
    lines: door(
      "ssh",
      "1,3,2",
      "start_command = /usr/sbin/ufw insert 1 allow from %IP% to any port 22",
      "stop_command = /usr/sbin/ufw delete allow from %IP% to any port 22",
    ),
    told: [],
    opens: ["tcp/22, udp/22"],
  },
  "ufw for all sources": {
    lines: [
      ...door("open", "1,3,2", "command = ufw allow 2222/tcp"),
      ...door("close", "2,3,1", "command = ufw delete allow 2222/tcp"),
    ],
    told: [`allow ${forAll}`],
    opens: [],
  },
  "firewalld's rich rules": {
    lines: door(
      "ssh",
      "1,3,2",
      `start_command = /bin/firewall-cmd --zone=public --add-rich-rule="rule family="ipv4" source address="%IP%" service name="ssh" accept"`,
      `stop_command = /bin/firewall-cmd --zone=public --remove-rich-rule="rule family="ipv4" source address="%IP%" service name="ssh" accept"`,
    ),
    told: [],
    opens: ["tcp/22"],
  },
  "a rule that drops, taken away": {
    lines: door("ssh", "1,3,2", "command = /sbin/iptables -D INPUT -p tcp --dport 22 -j DROP"),
    told: [`-D ${forAll}`],
    opens: [],
  },
  "everything for a source, and a script": {
    lines: door(
      "open",
      "1,3,2",
      'command = /sbin/iptables -I INPUT -s %IP% -m comment --comment "let in by a knock" -j ACCEPT; /opt/allow.py %IP%/32',
    ),
    told: [],
    opens: [],
  },
  "a game server that wakes": {
    lines: door("wake", "1:udp,2", "command = /home/games/resume.sh"),
    told: [],
    opens: [],
  },
  "a key over netcat": {
    lines: door("key", "1,3,2", "command = timeout 20 /usr/bin/netcat -N -l 7004 < /root/key"),
    told: [],
    opens: [],
  },
  "a chain of one's own, emptied by the closing": {
    lines: door(
      "ssh",
      "1,3,2",
      "start_command = iptables -A KNOCKED -s %IP% -j ACCEPT",
      "stop_command = iptables -F KNOCKED",
    ),
    told: [],
    opens: [],
  },
  "elements of a set": {
    lines: door(
      "vpn",
      "1,3,2",
      "start_command = nft add element inet filter knocked { %IP% timeout 1h }",
      "cmd_timeout = 5",
      "stop_command = logger -t knockd '%IP% has knocked'",
    ),
    told: [],
    opens: [],
  },
};

describe("a usual configuration is told what is wrong, and nothing else:", () => {
  test.each(Object.entries(cases))("%s", (_, { lines, told, opens }) => {
    const text = `${lines.join("\n")}\n`;
    const { config, problems, doorSections } = parseConfig(text);
    expect(config).toBeDefined();
    const pairs = config === undefined ? [] : findPairTraps(config, doorSections);
    const messages = [...problems, ...pairs].map(({ message }) => message);
    const others = messages.filter((message) => !/puts the rule at the end/.test(message));
    expect(others).toEqual(told.map((message) => expect.stringContaining(message)));
    const migrated = migrate(text, { native: true, repair: false, openFor: "1h" }).text;
    expect([...migrated.matchAll(/^ *open *= (.*)$/gm)].map(([, services]) => services)).toEqual(
      opens,
    );
    // What is written can be used.
    expect(parseConfig(migrated).config).toBeDefined();
  });
});
