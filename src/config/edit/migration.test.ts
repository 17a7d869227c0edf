import { describe, expect, test } from "vitest";
import type { MigrationOptions } from "./migration.ts";
import { migrate } from "./migration.ts";

const usual: MigrationOptions = { native: true, repair: false, openFor: "1h" };
const open = "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";
const close = "iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";

function changes(text: string, options: Partial<MigrationOptions> = {}): string[] {
  return migrate(text, { ...usual, ...options }).changes.map(
    ({ line, text }) => `${line}: ${text}`,
  );
}

describe("a door that closes by a command", () => {
  const door = `[ssh]
\tsequence = 7,8
\tstart_command = ${open}
\t# stays
\tcmd_timeout = 30
\tstop_command = ${close}
\ttcpflags = syn
`;

  test("becomes a native one, as long as before; all other lines stay", () => {
    expect(migrate(door, usual).text).toBe(`[ssh]
\tsequence = 7,8
\topen     = tcp/22
\topen_for = 30
\t# stays
\ttcpflags = syn
`);
  });

  test("stays open for knockd's 10 seconds if the file says nothing", () => {
    const text = migrate(door.replace(/.*cmd_timeout.*\n/, ""), usual).text;
    expect(text).toContain("open_for = 10\n");
  });

  test("stays as it is if it closes something else than it opens", () => {
    const other = door.replace(
      "-D INPUT -s %IP% -p tcp --dport 22",
      "-D INPUT -s %IP% -p tcp --dport 23",
    );
    expect(migrate(other, usual).text).toBe(other);
    expect(changes(other)).toEqual([
      "1: [ssh] stays as it is: it closes something else than it opens",
    ]);
  });

  test("stays as it is if a user is named, or nobody asked for native doors", () => {
    const user = `${door}\tuser = nobody\n`;
    expect(migrate(user, usual).text).toBe(user);
    expect(migrate(door, { ...usual, native: false })).toMatchObject({ text: door, changes: [] });
  });

  test("keeps the ends of its lines, and a byte order mark", () => {
    const windows = `\uFEFF${door.replaceAll("\n", "\r\n")}`;
    const { text } = migrate(windows, usual);
    expect(text.startsWith("\uFEFF[ssh]\r\n")).toBe(true);
    expect(text.endsWith("\ttcpflags = syn\r\n")).toBe(true);
    expect(text).not.toMatch(/[^\r]\n/);
  });

  test("opens each service once that IPv4 and IPv6 commands open", () => {
    const both = door
      .replace("\tcmd", `\tstart_command_6 = ip6${open.slice(2)}\n\tcmd`)
      .concat(`\tstop_command_6 = ip6${close.slice(2)}\n`);
    expect(migrate(both, usual).text.match(/open {5}= .*/g)).toEqual(["open     = tcp/22"]);
  });
});

describe("a door that another one closes", () => {
  const doors = `[options]
[open]
sequence = 7,8
command = ${open}

[close]
sequence = 8,7
command = ${close}
`;

  test("becomes a native one that closes by itself, and the other goes", () => {
    const { text } = migrate(doors, { ...usual, openFor: "20m" });
    expect(text).toBe(`[options]
[open]
sequence = 7,8
open     = tcp/22
open_for = 20m
`);
    expect(changes(doors)).toEqual([
      "2: [open] opens tcp/22 in the kernel, which closes by itself",
      "6: [close] is gone: [open] closes after 1h; knockctl close does it sooner",
    ]);
  });

  test("stays as it is where nothing closes it", () => {
    const alone = doors.replace(close, "mail root");
    expect(migrate(alone, usual).text).toBe(alone);
    expect(changes(alone)).toEqual([
      "2: [open] stays as it is: nothing in this file closes it again",
      "6: [close] stays as it is: its commands are not among those that are known: mail",
    ]);
  });
});

describe("a door that closes what several doors open", () => {
  const two = `[a]
command = ${open}
[b]
command = ${open}
[close]
command = ${close}
`;

  test("goes when all of them are native", () => {
    const { text } = migrate(two, usual);
    expect(text.match(/open_for = 1h/g)).toHaveLength(2);
    expect(text).not.toContain("iptables");
    expect(changes(two)).toContain(
      "5: [close] is gone: [a], [b] close after 1h; knockctl close does it sooner",
    );
  });

  test.each([
    ["whose commands are not known", `command = ${open} && logger open`],
    ["that opens everything", `command = ${open.replace("-p tcp --dport 22 ", "")}`],
    ["that opens more", `command = ${open} ; ${open.replace("22", "80")}`],
  ])("stays for one %s", (_what, command) => {
    const text = `${two}[c]\n${command}\n`;
    expect(changes(text)).toContain("5: [close] stays as it is: [c] may need it to be closed");
    expect(migrate(text, usual).text).toContain(`[close]\ncommand = ${close}\n[c]\n${command}\n`);
  });

  test("goes where the others have to do with other services", () => {
    const text = `${two}[c]\ncommand = ${open.replace("22", "2222")} && logger open\n`;
    expect(migrate(text, usual).text).not.toContain("[close]");
  });
});

describe("a door of commands that people write", () => {
  const converted = (start: string, stop: string) => {
    const door = `[x]\n  sequence      = 7,8\n  start_command = ${start}\n  stop_command  = ${stop}\n`;
    return migrate(door, usual).text.match(/(?<=open +=) .*/)?.[0];
  };

  test.each([
    ["--syn", "/usr/sbin/iptables -A INPUT -s %IP% -p tcp --syn --dport 22 -j ACCEPT", " tcp/22"],
    ["a name", "iptables -A INPUT -s %IP% -p tcp --dport ssh -j ACCEPT", " tcp/22"],
    [
      "two ports",
      "iptables -A INPUT -s %IP% -p tcp -m multiport --dports 22,443 -j ACCEPT",
      " tcp/22, tcp/443",
    ],
    [
      "a comment",
      'iptables -A INPUT -s %IP% -p tcp --dport 22 -m comment --comment "a guest" -j ACCEPT',
      " tcp/22",
    ],
  ])("%s", (_, start, opens) => {
    expect(converted(start, start.replace("-A", "-D"))).toBe(opens);
  });

  test("a door that opens everything", () => {
    const all = "iptables -I INPUT -s %IP% -j ACCEPT";
    expect(converted(all, all.replace("-I", "-D"))).toBe(" any");
  });

  test("a comment on one side alone", () => {
    expect(converted(`${open} -m comment --comment x`, close)).toBe(" tcp/22");
  });

  test("ufw and firewalld, with what they need then", () => {
    const door = (start: string, stop: string) =>
      changes(`[x]\nsequence = 7,8\nstart_command = ${start}\nstop_command = ${stop}\n`);
    const ufw = "ufw allow from %IP% to any port 22 proto tcp";
    expect(door(ufw, ufw.replace("allow", "delete allow"))).toEqual([
      "1: [x] opens tcp/22 in the kernel, which closes by itself; ufw must let tcp/22 pass then: first protect it (knockctl guard), then allow it there",
    ]);
    const rich = `rule family="ipv4" source address="%IP%" port port="22" protocol="tcp" accept`;
    expect(
      door(`firewall-cmd --add-rich-rule='${rich}'`, `firewall-cmd --remove-rich-rule='${rich}'`),
    ).toEqual([expect.stringContaining("; firewalld must let tcp/22 pass then")]);
  });

  test("the values stay below one another", () => {
    const text = `[x]\n\tsequence      = 7,8\n\tstart_command = ${open}\n\tstop_command  = ${close}\n`;
    expect(migrate(text, usual).text).toBe(
      "[x]\n\tsequence      = 7,8\n\topen          = tcp/22\n\topen_for      = 10\n",
    );
  });
});

describe("a door that stays has a reason:", () => {
  test.each([
    [`command = ${open}\nuser = nobody`, "another user runs its commands"],
    [`command_6 = ip6${open.slice(2)}`, "it opens for IPv6 alone"],
    [`command = ${open}; ${close.replace("22", "80")}`, "it opens and closes at once"],
    ["command = ufw allow 22/tcp", "it opens for every source"],
    ["command = iptables -I INPUT -s %IP% -p tcp -j ACCEPT", "it opens all ports of tcp"],
    ["command = ipset add knock %IP%", "what the set knock opens is not in this file"],
    ["command = open-door %IP%", "its commands are not among those that are known: open-door"],
    ["command = iptables -F INPUT", "its commands are not among those that are known: iptables -F"],
    [`command = ${open} || true`, "its commands are not among those that are known"],
  ])("%s", (lines, reason) => {
    expect(changes(`[x]\nsequence = 7,8\n${lines}\n`)).toEqual([
      `1: [x] stays as it is: ${reason}`,
    ]);
  });
});

test("what a repair would change is said", () => {
  const text = "# –\n[a]\ncommand = iptables –dport 22 “x” y\u00a0z\u200b\n";
  const { repairs } = migrate(text, usual);
  expect(repairs.map(({ line, text }) => `${line}: ${text}`)).toEqual([
    "3: a typographic dash: –dport should be --dport; --repair fixes it",
    '3: a typographic quote: “x” should be "x"; --repair fixes it',
    "3: a no-break space: the character U+00A0 should be an ordinary blank; --repair fixes it",
    "3: an invisible character: the character U+200B is to be deleted; --repair fixes it",
  ]);
  expect(migrate(text, { ...usual, repair: true })).toMatchObject({
    repairs: [],
    text: '# –\n[a]\ncommand = iptables --dport 22 "x" y z\n',
  });
});

test("typographic dashes and quotes are repaired on request, but not in comments", () => {
  const text = `# a – b
[a]
command = iptables –I INPUT -s %IP% -p tcp –dport 22 —jump ACCEPT –m comment “x”
stop_command = echo 10–20 ‘y’
`;
  expect(migrate(text, { ...usual, native: false }).text).toBe(text);
  const { text: repaired, changes: said } = migrate(text, {
    ...usual,
    native: false,
    repair: true,
  });
  expect(repaired).toBe(`# a – b
[a]
command = iptables -I INPUT -s %IP% -p tcp --dport 22 --jump ACCEPT -m comment "x"
stop_command = echo 10–20 'y'
`);
  expect(said).toEqual([
    { line: 3, text: "repaired a typographic dash" },
    { line: 3, text: "repaired a typographic quote" },
    { line: 4, text: "repaired a typographic quote" },
  ]);
});

test("what differs for a file is said, and nothing else", () => {
  const text = `[options]
[a]
start_command = x
cmd_timeout = 10m
stop_command = y
`;
  const said = migrate(text, usual).differences.map(({ line, text }) => `${line}: ${text}`);
  expect(said).toEqual([
    expect.stringMatching(/^1: knockd listened on eth0/),
    expect.stringMatching(/^2: \[a\]: a knock while it is open/),
    expect.stringMatching(/^4: cmd_timeout = 10m: the unit counts now/),
  ]);
  expect(migrate("[options]\nInterface = eth1\n[a]\ncommand = x\n", usual).differences).toEqual([]);
});

describe("services of hosts behind this one", () => {
  const dnat = (flag: string) =>
    `iptables -t nat ${flag} PREROUTING -s %IP% -p tcp --dport 2222 -j DNAT --to-destination 10.0.0.5:22`;
  const accept = (flag: string) =>
    `iptables ${flag} FORWARD -s %IP% -d 10.0.0.5 -p tcp --dport 22 -j ACCEPT`;
  const door = (start: string, stop: string) =>
    `[nas]\n\tsequence      = 7,8\n\tstart_command = ${start}\n\tstop_command  = ${stop}\n`;
  const after =
    "your rules must let it pass the chain FORWARD then: first protect it, then allow it there";

  test("a port that is translated is forwarded, with what the chain FORWARD accepts for it", () => {
    const text =
      "[nas]\n\tsequence      = 7,8\n\topen          = tcp/2222 -> 10.0.0.5:22\n\topen_for      = 10\n";
    const both = [`${dnat("-A")}; ${accept("-I")}`, `${dnat("-D")}; ${accept("-D")}`] as const;
    for (const one of [door(dnat("-A"), dnat("-D")), door(...both)]) {
      expect(migrate(one, usual).text).toBe(text);
      expect(changes(one)).toEqual([
        `1: [nas] opens tcp/2222 -> 10.0.0.5:22 in the kernel, which closes by itself; ${after}`,
      ]);
    }
  });

  test("a host that the chain FORWARD accepts is routed to", () => {
    expect(migrate(door(accept("-I"), accept("-D")), usual).text).toBe(
      "[nas]\n\tsequence      = 7,8\n\topen          = tcp/22\n\tto            = 10.0.0.5\n\topen_for      = 10\n",
    );
  });

  test("services of several places stay", () => {
    const here = "iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";
    const both = door(`${accept("-I")}; ${here}`, "true");
    expect(changes(both)[0]).toContain("stays as it is");
  });
});
