import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../test/support/actions.ts";
import type { Network } from "../base/address.ts";
import { Address, parseNetwork } from "../base/address.ts";
import { formatDuration } from "../base/duration.ts";
import { formatEndpoint } from "../base/endpoint.ts";
import { formatPort } from "../base/port.ts";
import type { Sequence } from "../base/sequence.ts";
import { formatService } from "../base/service.ts";
import type { StoreAddress } from "../base/store-address.ts";
import { formatStore } from "../base/store-address.ts";
import { wallTime } from "../base/time.ts";
import type { Config, DoorConfig } from "./config.ts";
import { defaultOptions, fixedSteps } from "./config.ts";
import type { Hook } from "./hook.ts";
import { parseConfig } from "./parse.ts";
import type { Problem } from "./problem.ts";
import { formatWithHint } from "./problem.ts";

const syn = { mask: 2, value: 2 };
const ssh = { protocol: "tcp", port: 22 } as const;
const wireguard = { protocol: "udp", port: 51820 } as const;
const icmp = { protocol: "icmp" } as const;
const native = { kind: "native", hosts: undefined, masquerade: false } as const;

function fixed(steps: Sequence) {
  return { kind: "fixed" as const, steps };
}

function tcp(...numbers: number[]) {
  return fixed(numbers.map((number) => ({ number, protocol: "tcp" as const })));
}

/** What the file means; fails with its errors if it means nothing. */
function config(text: string): Config {
  const { config, problems } = parseConfig(text);
  if (config === undefined) throw new Error(problems.map(place).join("\n"));
  return config;
}

/** The one door of `[x]` and these lines. */
function door(...lines: string[]): DoorConfig {
  const [only, ...others] = config(["[x]", "sequence = 1", ...lines].join("\n")).doors;
  if (only === undefined || others.length > 0) throw new Error("not one door");
  return only;
}

function place({ line, column, message }: Problem): string {
  return `${line}:${column}: ${message}`;
}

function problems(text: string, severity: Problem["severity"]): string[] {
  return parseConfig(text)
    .problems.filter((problem) => problem.severity === severity)
    .map(place);
}

/** The facts of the file that Debian's package installs. */
const debian = `[options]
\tUseSyslog

[openSSH]
\tsequence    = 7000,8000,9000
\tseq_timeout = 5
\tcommand     = /sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
\ttcpflags    = syn

[closeSSH]
\tsequence    = 9000,8000,7000
\tseq_timeout = 5
\tcommand     = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
\ttcpflags    = syn

[openHTTPS]
\tsequence    = 12345,54321,24680,13579
\tseq_timeout = 5
\tcommand     = /usr/local/sbin/knock_add -i -c INPUT -p tcp -d 443 -f %IP%
\ttcpflags    = syn
`;

test.each([
  ["as it is", debian],
  ["with CR LF", debian.replaceAll("\n", "\r\n")],
  ["with a byte order mark", `\uFEFF${debian}`],
  ["without its last line end", debian.trimEnd()],
])("Debian's file, %s, means three doors", (_, text) => {
  const { options, doors } = config(text);
  expect(options).toEqual({ ...defaultOptions, useSyslog: true });
  const iptables = (how: string) =>
    `/sbin/iptables ${how} INPUT -s %IP% -p tcp --dport 22 -j ACCEPT`;
  const knockAdd = "/usr/local/sbin/knock_add -i -c INPUT -p tcp -d 443 -f %IP%";
  expect(doors).toEqual(
    [
      { name: "openSSH", sequence: tcp(7000, 8000, 9000), action: runs({ start: iptables("-A") }) },
      {
        name: "closeSSH",
        sequence: tcp(9000, 8000, 7000),
        action: runs({ start: iptables("-D") }),
      },
      {
        name: "openHTTPS",
        sequence: tcp(12345, 54321, 24680, 13579),
        action: runs({ start: knockAdd }),
      },
    ].map((facts) => ({
      ...facts,
      timeout: 5000,
      flags: syn,
      target: undefined,
      allow: undefined,
      deny: [],
      users: [],
      decoys: 32,
    })),
  );
});

test("a door without more than a sequence has knockd's defaults", () => {
  expect(door()).toEqual({
    name: "x",
    sequence: tcp(1),
    timeout: 25_000,
    flags: { mask: 0, value: 0 },
    target: undefined,
    allow: undefined,
    deny: [],
    users: [],
    decoys: 32,
    action: runs({}),
  });
});

test.each([
  ["an empty file", ""],
  ["a file with options alone", "[options]\nUseSyslog"],
])("%s can be used, with a warning", (_, text) => {
  expect(config(text).doors).toEqual([]);
  expect(problems(text, "warning")).toEqual(["1:1: no doors: nothing will ever be opened"]);
});

describe("a door's line means", () => {
  test.each<[string, Partial<DoorConfig>]>([
    // The key in any case, the names that knockd has besides, and the last of two.
    ["SEQUENCE = 2", { sequence: tcp(2) }],
    ["seq_timeout = 5", { timeout: 5000 }],
    ["timeout = 5", { timeout: 5000 }],
    ["Timeout = 5\nSeq_Timeout = 6", { timeout: 6000 }],
    ["Seq_Timeout = 5\nTimeout = 6", { timeout: 6000 }],
    ["command = a", { action: runs({ start: "a" }) }],
    ["start_command = a\ncommand = b", { action: runs({ start: "b" }) }],
    ["command_6 = a", { action: runs({ start6: "a" }) }],
    ["start_command_6 = a", { action: runs({ start6: "a" }) }],
    ["stop_command = a\nstop_command_6 = b", { action: runs({ stop: "a", stop6: "b" }) }],
    // Steps
    ["sequence = 2222", { sequence: tcp(2222) }],
    [
      "sequence = 7000 : TCP , 8000:Udp,9000",
      {
        sequence: fixed([
          { number: 7000, protocol: "tcp" },
          { number: 8000, protocol: "udp" },
          { number: 9000, protocol: "tcp" },
        ]),
      },
    ],
    [
      `sequence = ${Array.from({ length: 32 }, (_, i) => 65504 + i)}`,
      { sequence: tcp(...Array.from({ length: 32 }, (_, i) => 65504 + i)) },
    ],
    // Lengths of time
    ["cmd_timeout = 0", { action: { ...runs({}), closeAfter: 0 } }],
    ["cmd_timeout = 10m", { action: { ...runs({}), closeAfter: 600_000 } }],
    ["seq_timeout = 1500ms", { timeout: 1500 }],
    // Flags, also with blanks
    ["tcpflags = syn, ack", { flags: { mask: 18, value: 18 } }],
    ["TCPFlags = SYN,!fin", { flags: { mask: 3, value: 2 } }],
    // Comments after values that are no command
    ["seq_timeout = 20 # seconds", { timeout: 20_000 }],
    ["seq_timeout = 20# seconds", { timeout: 20_000 }],
    ["sequence = 7000,8000 # steps", { sequence: tcp(7000, 8000) }],
    ["tcpflags = syn # only", { flags: syn }],
    // Commands stay as they are, empty ones too
    ["command = a # b", { action: runs({ start: "a # b" }) }],
    ['command = x="$#"; [ a = b ] ; # c', { action: runs({ start: 'x="$#"; [ a = b ] ; # c' }) }],
    ["command = # c", { action: runs({ start: "# c" }) }],
    ["start_command_6 =", { action: runs({ start6: "" }) }],
    // knockd takes it anywhere
    ["UseSyslog", {}],
    // How commands run
    ["command_timeout = 30s # enough", { action: { ...runs({}), timeout: 30_000 } }],
    ["user = www-data # not root", { action: { ...runs({}), user: "www-data" } }],
    ["User = _x$", { action: { ...runs({}), user: "_x$" } }],
    ["serial = ufw", { action: { ...runs({}), serial: "ufw" } }],
    ["Serial = No # side by side", { action: { ...runs({}), serial: "no" } }],
    ["rest = 0", { action: { ...runs({}), rest: 0 } }],
    ["again = rerun", { action: { ...runs({}), again: "rerun" } }],
    ["Again = Extend # the default", { action: { ...runs({}), again: "extend" } }],
    // What the kernel opens
    ["open = tcp/22", { action: { ...native, services: [ssh], openFor: 30_000, protect: false } }],
    [
      "open = tcp/22, UDP/51820,icmp # three\nopen_for = 1h\nprotect = yes",
      {
        action: {
          ...native,
          services: [ssh, wireguard, icmp],
          openFor: 3_600_000,
          protect: true,
        },
      },
    ],
    [
      "open = icmp\nprotect = no\nopen_for = 500ms",
      { action: { ...native, services: [icmp], openFor: 500, protect: false } },
    ],
    ["open_for = 1h\nprotect = yes", {}],
  ])("%j", (lines, facts) => {
    expect(door(lines)).toEqual({ ...door(), ...facts });
  });

  test("a target: addresses, networks and names", () => {
    expect(door("target = 192.0.2.1, fd00::/8, gate # three").target).toEqual([
      parseNetwork("192.0.2.1"),
      parseNetwork("fd00::/8"),
      "gate",
    ]);
  });

  test("who may knock and who may not: addresses and networks", () => {
    const { allow, deny } = door("allow = 192.0.2.0/24, fd00::/8 # ours", "deny = 192.0.2.66");
    expect(allow).toEqual([parseNetwork("192.0.2.0/24"), parseNetwork("fd00::/8")]);
    expect(deny).toEqual([parseNetwork("192.0.2.66")]);
  });

  test("a file of one-time sequences, whose name may hold a # but not after a blank", () => {
    const [only] = config("[x]\none_time_sequences = /etc/a#1 b # list").doors;
    expect(only?.sequence).toEqual({ kind: "one-time", file: "/etc/a#1 b" });
  });
});

describe("an option means", () => {
  test.each([
    ["UseSyslog", { useSyslog: true }],
    ["usesyslog = 1", { useSyslog: true }],
    ["UseSyslog # LogFile = no", { useSyslog: true }],
    ["UseSyslog = no # for now", { useSyslog: false }],
    ["LogFile = /var/log/k.log # here", { logFile: "/var/log/k.log" }],
    ["LogFile = a\nlogfile = b", { logFile: "b" }],
    ["PidFile = k.pid", { pidFile: "k.pid" }],
    ["Interface = eth0, wg0 # two", { interfaces: ["eth0", "wg0"] }],
    ["Interface = any", { interfaces: undefined }],
    ["LogFormat = JSON # for machines", { logFormat: "json" }],
    ["LogRate = 10 # lines a second", { logRate: 10 }],
    ["LogRate = 0", { logRate: 0 }],
    ["MaxAttempts = 1000", { maxAttempts: 1000 }],
    ["MaxCommands = 1", { maxCommands: 1 }],
    ["Firewall = IPset # for iptables", { firewall: "ipset" }],
    ["Firewall = nftables", { firewall: "nftables" }],
    ["Table = knock_2 # a second daemon", { table: "knock_2" }],
    ["StateDir = /var/lib/k # leases", { stateDir: "/var/lib/k" }],
    ["ControlSocket = /run/k.sock", { controlSocket: "/run/k.sock" }],
    [
      "MetricsListen = 127.0.0.1:9190 # Prometheus",
      { metricsListen: { address: Address.v4(0x7f000001), port: 9190 } },
    ],
    [
      "metricslisten = [::1]:9190",
      { metricsListen: { address: new Address(0, 0, 0, 1), port: 9190 } },
    ],
    ["OnJournalFailure = refuse", { onJournalFailure: "refuse" }],
    ["onjournalfailure = OPEN", { onJournalFailure: "open" }],
    ["KernelDoors = yes", { kernelDoors: true }],
    ["kerneldoors = no", { kernelDoors: false }],
  ])("%j", (lines, facts) => {
    const text = `[options]\n${lines}`;
    expect(config(text).options).toEqual({ ...defaultOptions, ...facts });
  });

  test("the same in any section of that name, in any case", () => {
    const { options } = config("[options]\nLogFile = a\n[x]\nsequence=1\n[OPTIONS]\nPidFile = b");
    expect(options).toMatchObject({ logFile: "a", pidFile: "b" });
  });

  test("UseSyslog in a door's section counts", () => {
    expect(config("[x]\nsequence = 1\nUseSyslog").options.useSyslog).toBe(true);
  });
});

test("two sections of one name are two doors, and blanks belong to a name", () => {
  const { doors } = config("[ x ]\nsequence = 1\n[ x ]\nsequence = 2");
  expect(doors.map(({ name, sequence }) => [name, sequence])).toEqual([
    [" x ", tcp(1)],
    [" x ", tcp(2)],
  ]);
});

test.each([
  "sequence = 7001 8002 9003",
  "sequence = 7001;8002:udp;9003",
  "sequence = 7001:8002:9003",
  "sequence = 7001,80029003,x",
  "sequence = 7001–udp, 8002, 9003",
  "sequence 7001,8002,9003",
  "sequence: 7001,8002,9003",
  "sequence:7001,8002 = 9003",
  "7001, 8002, 9003",
])("problems are logged, and quote nothing of a sequence: %s", (line) => {
  const { config, problems } = parseConfig(`[x]\n${line}\n`);
  expect(config).toBeUndefined();
  expect(problems.map((problem) => formatWithHint("k.conf", problem)).join("\n")).not.toMatch(
    /7001|8002|9003/,
  );
});

describe("refused, each with its place:", () => {
  const tooMany = Array.from({ length: 33 }, () => "1").join();
  test.each([
    ["[]", "1:1: bad section name: it is empty"],
    ["LogFile = x", "1:1: all directives must belong to a section"],
    ["[options]\n; LogFile = x", "2:1: syntax error: unknown directive"],
    ["[options]\nfoo", '2:1: syntax error: unknown directive "foo"'],
    ["[options]\nfoo bar", '2:1: syntax error: unknown directive "foo …"'],
    ["[options]\n  foo = 1", '2:3: syntax error: unknown directive "foo"'],
    ["[options]\nLogFile", '2:1: syntax error: "LogFile" needs a value'],
    ["[options]\nLogFile =", "2:10: LogFile: expected a path"],
    ["[options]\nsequence = 1", '2:1: syntax error: unknown directive "sequence"'],
    ["[options]\nMaxAttempts = 1", "2:15: MaxAttempts: expected a number from 1000 to 10000000"],
    ["[options]\nLogRate = 9", '2:11: LogRate: expected a number from 10 to 1000000, got "9"'],
    ["[x]\nsequence = 1\nPidFile = x", '3:1: syntax error: unknown directive "PidFile"'],
    ["[x] x\nsequence = 1", "1:1: syntax error: expected [NAME], and nothing after it"],
    ["[options]\nMaxCommands = 0", "2:15: MaxCommands: expected a number from 1 to 10000"],
    ["[options]\nFirewall = pf", '2:12: Firewall: expected nftables or ipset, got "pf"'],
    ["[options]\nTable = 2x", '2:9: Table: "2x" is not the name of a table'],
    ["[options]\nStateDir =", "2:11: StateDir: expected a path"],
    ["[options]\nControlSocket", '2:1: syntax error: "ControlSocket" needs a value'],
    ["[options]\nOnJournalFailure = x", '2:20: OnJournalFailure: expected open or refuse, got "x"'],
    [
      "[options]\n MetricsListen = localhost:9190",
      '2:18: MetricsListen: "localhost:9190" is no place to listen on',
    ],
    ["[options]\nMetricsListen = ::1:9190", '2:17: MetricsListen: "::1:9190" is no place'],
    ["[options]\nMetricsListen", '2:1: syntax error: "MetricsListen" needs a value'],
    ["[options]\nprotect = yes", '2:1: syntax error: unknown directive "protect"'],
    ["[x]", "1:1: section 'x' has an empty knock sequence"],
    ["[x]\nsequence", '2:1: syntax error: "sequence" needs a value'],
    ["[x]\nsequence =", "2:11: sequence: port is invalid: expected 1 to 65535"],
    ["[x]\nsequence = 1,,2", "2:14: sequence: port is invalid: expected 1 to 65535"],
    ["[x]\nsequence = 1, abc", "2:15: sequence: port is invalid: expected 1 to 65535"],
    ["[x]\nsequence = -1", "2:12: sequence: port is invalid"],
    ["[x]\nsequence = 65536", "2:12: sequence: port is invalid"],
    ["[x]\nsequence = 4294967297", "2:12: sequence: port is invalid"],
    ["[x]\nsequence = 1:icmp", "2:12: sequence: unknown protocol in knock sequence"],
    ["[x]\nsequence = 1:tcp:x", "2:12: sequence: unknown protocol in knock sequence"],
    [`[x]\nsequence = ${tooMany}`, "2:76: sequence: too many ports in knock sequence"],
    ["[x]\nsequence=1\ntcpflags = syn,x", '3:16: tcpflags: unrecognized flag "x"'],
    ["[x]\nsequence=1\ntcpflags =", '3:11: tcpflags: unrecognized flag ""'],
    ["[x]\nsequence=1\nseq_timeout = abc", '3:15: seq_timeout: "abc" is not a length of time'],
    ["[x]\nsequence=1\ncmd_timeout = -1", '3:15: cmd_timeout: "-1" is not a length of time'],
    ["[x]\nsequence=1\ntarget = 10.0.0.0/40", '3:10: target: "10.0.0.0/40" is not a target'],
    [
      "[x]\nsequence=1\none_time_sequences=a",
      "1:1: section 'x' has both Sequence and One_Time_Sequences",
    ],
    ["[x]\nsequence=1\nallow = gate", '3:9: allow: "gate" is not an address'],
    ["[x]\nsequence=1\ndecoys = 129", '3:10: decoys: expected a number from 0 to 128, got "129"'],
    ["[x]\nsequence=1\ndeny = 10.0.0.1,,", '3:17: deny: "" is not an address'],
    ["[x]\nsequence=1\nuser = 0", '3:8: user: "0" is not the name of a user'],
    ["[x]\nsequence=1\nuser = a b", '3:8: user: "a b" is not the name of a user'],
    ["[x]\nsequence=1\nuser = -u", '3:8: user: "-u" is not the name of a user'],
    ["[x]\nsequence=1\nserial = a b", '3:10: serial: "a b" is not a name'],
    ["[x]\nsequence=1\nagain = never", '3:9: again: expected extend or rerun, got "never"'],
    ["[x]\nsequence=1\nopen = 22", '3:8: open: "22" is not a service'],
    ["[x]\nsequence=1\nopen = icmp, tcp/0", '3:14: open: "tcp/0" is not a service'],
    ["[x]\nsequence=1\nopen = icmp\nopen_for = x", '4:12: open_for: "x" is not a length of time'],
    ["[x]\nsequence=1\nopen = icmp\nprotect = x", '4:11: protect: expected yes or no, got "x"'],
    ["[x]\nsequence=1\nopen = icmp\nprotect", '4:1: syntax error: "protect" needs a value'],
    ["[x]\nsequence=1\ncommand_timeout = x", '3:19: command_timeout: "x" is not a length of time'],
    [
      "[x]\nsequence=1\nopen = any\nprotect = yes",
      "1:1: section 'x' protects any: that would deny the whole host to all others",
    ],
    ["[x]\nsequence=1\nopen=icmp\nstop_command=x", "1:1: section 'x' has both Open and commands"],
    [
      "[knockctl guard]\nsequence=1\nopen=tcp/22",
      "1:1: section 'knockctl guard' has a reserved name",
    ],
    ["[lost lease]\nsequence=1\nopen=tcp/22", "1:1: section 'lost lease' has a reserved name"],
    ["[x]\nsequence=1\nUseSyslog = x", '3:13: UseSyslog: expected yes or no, got "x"'],
    ["[x]\nsequence=1\nconstructor = 1", '3:1: syntax error: unknown directive "constructor"'],
    ["[options]\n__proto__ = 1", '2:1: syntax error: unknown directive "__proto__"'],
    ["[options]\ntoString", '2:1: syntax error: unknown directive "toString"'],
  ])("%j", (text, problem) => {
    const [first, ...others] = problems(text, "error");
    expect(first?.slice(0, problem.length)).toBe(problem);
    expect(others).toEqual([]);
    expect(parseConfig(text).config).toBeUndefined();
  });
});

test("all problems come at once, in the order of their lines", () => {
  const text = "[b]\nsequence = x, 1\nseq_timeout = y\n[options]\nLogFormat = xml\n[a]\n[]\ncolour";
  expect(problems(text, "error")).toEqual([
    "2:12: sequence: port is invalid: expected 1 to 65535",
    '3:15: seq_timeout: "y" is not a length of time',
    '5:13: LogFormat: expected text or json, got "xml"',
    "6:1: section 'a' has an empty knock sequence",
    "7:1: bad section name: it is empty",
    '8:1: syntax error: unknown directive "colour"',
  ]);
});

describe("a hint is given where one is likely", () => {
  test.each([
    ["LogFile = x", "begin with a line [options]"],
    ["; x", "comments begin with #"],
    ["[options]\nsequence = 1", "it belongs in the section of a door"],
    ["[options]\ncommand = 1", "it belongs in the section of a door"],
    ["[x]\nsequence = 1\nlogfile = x", "it belongs in the section [options]"],
    ["[x]\nsequence = 1\ncommand true", "command = …"],
    ["[x]\nsequence = 1\nsequense = 1", 'did you mean "Sequence"?'],
    ["[x]\nsequence = 1\ntpcflags = 1", 'did you mean "TCPFlags"?'],
    ["[x]\nsequence = 1\ncommnd = 1", 'did you mean "Command"?'],
    ["[x]\nsequence = 1\nstopp_command = 1", 'did you mean "Stop_Command"?'],
    ["[options]\nlogfil = x", 'did you mean "LogFile"?'],
    ["[x]\n; a comment\nsequence = 1", "comments begin with #"],
    ["[x] ; a comment\nsequence = 1", "comments begin with #"],
    ["[x]\nsequence = 7000 8000 9000", "commas between ports: 7000,8000:udp,9000"],
    ["[x]\nsequence = 7000;8000;9000", "commas between ports: 7000,8000:udp,9000"],
    ["[x]\nsequence = 1\nopen = ssh", "tcp/22"],
    ["[x]\nsequence = 1\nopen = 22/tcp", "tcp/22"],
    ["[x]\nsequence = 1\nopen = wireguard", "udp/51820"],
    ["[x]\nsequence = 1\nopen = tcp/22-25", "one port a service: tcp/22, tcp/23"],
    ["[x]\nsequence = 1\nopen = gopher", "services are written as tcp/22, udp/51820 or icmp"],
    ["[x]\ncommand = a\n  -j ACCEPT\nsequence = 1", "write it at the end of line 2"],
    ["[x]\nsequence = 1\ncommand = a \\\nb", "write it at the end of line 3"],
    ["[x]\nsequence = 7000/tcp", "steps are written as 7000, 7000:tcp or 7000:udp"],
    [
      "[x]\nsequence = 1\nseq_timeout = 5 fortnights",
      "a number of seconds, or one with a unit: 500ms, 30s, 10m, 1h, 2d",
    ],
    ["[x]\nsequence = 1\nwhatever = 1", undefined],
  ])("%j", (text, hint) => {
    const [problem] = parseConfig(text).problems.filter(({ severity }) => severity === "error");
    expect(problem).toBeDefined();
    expect(problem?.hint).toBe(hint);
  });
});

// ---- properties ----

const line = fc
  .string({ unit: "binary", maxLength: 60 })
  .map((text) => text.replaceAll("\n", "").trim());
const commandText = line.filter((text) => !text.includes("\0"));
const filePath = line.filter((text) => /^[^#\0]/.test(text) && !/\s#|\0/.test(text));
const milliseconds = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 0, max: 1000 }).map((hours) => hours * 3_600_000),
);
const steps = fc.array(
  fc.record({
    number: fc.integer({ min: 1, max: 65535 }),
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
  }),
  { minLength: 1, maxLength: 32 },
);
const network = fc
  .oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 33, max: 128 })),
  )
  .map(([address, bits]) => parseNetwork(`${address}/${bits}`))
  .filter((parsed) => parsed !== undefined);
const targets = fc.array(fc.oneof(network, fc.constantFrom("gate", "a.example.org")), {
  minLength: 1,
  maxLength: 3,
});
const flagTest = fc
  .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 0, max: 63 }))
  .map(([mask, value]) => ({ mask, value: value & mask }));

const networks = fc.array(network, { minLength: 1, maxLength: 3 });
const service = fc.oneof(
  fc.constant(icmp),
  fc.record({
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    port: fc.integer({ min: 1, max: 65535 }),
  }),
);
const nativeAction = fc.record({
  kind: fc.constant("native" as const),
  services: fc.array(service, { minLength: 1, maxLength: 3 }),
  openFor: milliseconds,
  protect: fc.boolean(),
  hosts: fc.constant(undefined),
  masquerade: fc.constant(false),
});
function orNone<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const commandAction = fc.record({
  kind: fc.constant("command" as const),
  start: orNone(commandText),
  start6: orNone(commandText),
  stop: orNone(commandText),
  stop6: orNone(commandText),
  closeAfter: milliseconds,
  user: orNone(fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,31}$/)),
  timeout: orNone(milliseconds),
  again: fc.constantFrom("extend" as const, "rerun" as const),
  serial: fc.constantFrom(undefined, "no", "ufw", "firewall-cmd"),
  rest: fc.integer({ min: 0, max: 100_000 }),
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const anyAddress = fc.oneof(
  word.map((bits) => Address.v4(bits)),
  fc
    .tuple(fc.integer({ min: 1, max: 0xffffffff }), word, word, word)
    .map((words) => new Address(...words)),
);

const hook: fc.Arbitrary<Hook> = fc.constantFrom(
  { kind: "command", text: "tell %IP% # not a comment" },
  { kind: "webhook", url: "https://chat.example/a?b#c" },
);

const gatewayName = fc.stringMatching(/^[\w.-]{1,64}$/);
const storeAddress: fc.Arbitrary<StoreAddress> = fc.constantFrom(
  { kind: "tcp", tls: true, host: "2001:db8::5", port: 6379 },
  { kind: "unix", path: "/run/redis.sock" },
  { kind: "sentinel", sentinels: [{ host: "a.example", port: 26379 }], name: "office" },
);

const anyConfig: fc.Arbitrary<Config> = fc.record({
  options: fc.record({
    useSyslog: fc.boolean(),
    logFormat: fc.constantFrom("text" as const, "json" as const),
    interfaces: orNone(
      fc.uniqueArray(fc.stringMatching(/^[b-z0-9._:-]{1,15}$/), { minLength: 1, maxLength: 3 }),
    ),
    maxAttempts: fc.integer({ min: 1000, max: 10_000_000 }),
    maxCommands: fc.integer({ min: 1, max: 10_000 }),
    firewall: fc.constantFrom("nftables" as const, "ipset" as const),
    table: fc.stringMatching(/^[a-z][a-z0-9_]{0,30}$/),
    onJournalFailure: fc.constantFrom("open" as const, "refuse" as const),
    onOpen: orNone(hook),
    onClose: orNone(hook),
    kernelDoors: fc.boolean(),
    fleet: orNone(storeAddress),
    fleetName: gatewayName,
    gatewayName: orNone(gatewayName),
    fleetFile: filePath,
    onFleetLoss: fc.constantFrom("open" as const, "refuse" as const),
    knockPorts: fc.constant([]),
    fwknopPorts: fc.constant([]),
    usersFile: filePath,
    freshness: fc.integer({ min: 10_000, max: 600_000 }),
    logRate: orNone(fc.oneof(fc.constant(0), fc.integer({ min: 10, max: 1_000_000 }))),
    logFile: orNone(filePath),
    pidFile: orNone(filePath),
    stateDir: orNone(filePath),
    controlSocket: orNone(filePath),
    metricsListen: orNone(
      fc.record({ address: anyAddress, port: fc.integer({ min: 1, max: 65535 }) }),
    ),
  }),
  doors: fc.array(
    fc.record({
      name: fc
        .stringMatching(/^[\wé .;=#-]{1,20}$/)
        .filter((name) => name.toLowerCase() !== "options"),
      sequence: fc.oneof(
        steps.map(fixed),
        filePath.map((file) => ({ kind: "one-time" as const, file })),
      ),
      timeout: milliseconds,
      flags: flagTest,
      target: fc.option(targets, { nil: undefined }),
      allow: fc.option(networks, { nil: undefined }),
      deny: fc.oneof(fc.constant([]), networks),
      onOpen: orNone(hook),
      onClose: orNone(hook),
      until: orNone(fc.integer({ min: 0, max: 4e12 }).map(wallTime)),
      users: fc.constant([]),
      longest: orNone(milliseconds),
      fleet: orNone(fc.boolean()),
      decoys: fc.integer({ min: 0, max: 128 }),
      action: fc.oneof(nativeAction, commandAction),
    }),
    { maxLength: 4 },
  ),
});

/** The text of a configuration, as a careful person would write it. */
function write({ options, doors }: Config): string {
  return [
    "[options]",
    ...(options.useSyslog ? ["UseSyslog"] : []),
    ...directive("LogFormat", options.logFormat),
    ...directive("LogRate", options.logRate),
    ...directive("Interface", options.interfaces?.join(", ") ?? "any"),
    ...directive("MaxAttempts", options.maxAttempts),
    ...directive("LogFile", options.logFile),
    ...directive("PidFile", options.pidFile),
    ...directive("MaxCommands", options.maxCommands),
    ...directive("Firewall", options.firewall),
    ...directive("Table", options.table),
    ...directive("StateDir", options.stateDir),
    ...directive("ControlSocket", options.controlSocket),
    ...directive("MetricsListen", options.metricsListen && formatEndpoint(options.metricsListen)),
    ...directive("OnJournalFailure", options.onJournalFailure),
    ...directive("OnOpen", writeHook(options.onOpen)),
    ...directive("OnClose", writeHook(options.onClose)),
    ...directive("Users", options.usersFile),
    ...directive("Freshness", formatDuration(options.freshness)),
    ...directive("Fleet", options.fleet && formatStore(options.fleet)),
    ...directive("FleetName", options.fleetName),
    ...directive("GatewayName", options.gatewayName),
    ...directive("FleetFile", options.fleetFile),
    ...directive("OnFleetLoss", options.onFleetLoss),
    ...directive("KernelDoors", options.kernelDoors ? "yes" : "no"),
    ...doors.flatMap((door) => [...writeDoor(door), ...writeAction(door)]),
  ].join("\n");
}

function directive(key: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${key} = ${value}`];
}

function writeYes(yes: boolean | undefined): string | undefined {
  return yes === undefined ? undefined : yes ? "yes" : "no";
}

function writeDoor(door: DoorConfig): string[] {
  const { name, sequence, timeout, flags, target, allow, deny } = door;
  const { decoys, until } = door;
  return [
    `[${name}]`,
    ...(sequence.kind === "one-time"
      ? directive("One_Time_Sequences", sequence.file)
      : directive("Sequence", fixedSteps(door).map(formatPort).join(", "))),
    ...directive("Fleet", writeYes(door.fleet)),
    ...directive("Longest", door.longest === undefined ? undefined : formatDuration(door.longest)),
    ...directive("Seq_Timeout", formatDuration(timeout)),
    ...directive("TCPFlags", writeFlags(flags)),
    ...directive("Target", target?.map(writeTarget).join(", ")),
    ...directive("Allow", allow?.map(writeTarget).join(", ")),
    ...directive("On_Open", writeHook(door.onOpen)),
    ...directive("On_Close", writeHook(door.onClose)),
    ...directive("Until", until === undefined ? undefined : new Date(until).toISOString()),
    ...directive("Decoys", decoys === 32 ? undefined : `${decoys}`),
    ...directive("Deny", deny.length === 0 ? undefined : deny.map(writeTarget).join(", ")),
  ];
}

function writeAction({ action }: DoorConfig): string[] {
  if (action.kind === "native") {
    return [
      ...directive("Open", action.services.map(formatService).join(", ")),
      ...directive("Open_For", formatDuration(action.openFor)),
      ...directive("Protect", action.protect ? "yes" : "no"),
    ];
  }
  const { closeAfter, user, timeout, again, serial, rest } = action;
  return [
    ...directive("Start_Command", action.start),
    ...directive("Start_Command_6", action.start6),
    ...directive("Stop_Command", action.stop),
    ...directive("Stop_Command_6", action.stop6),
    ...directive("Cmd_Timeout", formatDuration(closeAfter)),
    ...directive("User", user),
    ...directive("Command_Timeout", timeout === undefined ? undefined : formatDuration(timeout)),
    ...directive("Again", again),
    ...directive("Serial", serial),
    ...directive("Rest", formatDuration(rest)),
  ];
}

function writeHook(hook: Hook | undefined): string | undefined {
  return hook?.kind === "command" ? hook.text : hook?.url;
}

function writeFlags({ mask, value }: DoorConfig["flags"]): string | undefined {
  const names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"].flatMap((name, bit) => {
    if ((mask & (1 << bit)) === 0) return [];
    return value & (1 << bit) ? name : `!${name}`;
  });
  return names.length === 0 ? undefined : names.join();
}

function writeTarget(target: Network | string): string {
  if (typeof target === "string") return target;
  const { base, bits } = target;
  return `${base}/${base.family === 4 ? bits - 96 : bits}`;
}

test("whatever a configuration says, its text reads back as the same", () => {
  fc.assert(
    fc.property(anyConfig, (wanted) => {
      expect(config(write(wanted))).toEqual(wanted);
    }),
  );
});

test("no text makes the parser throw, and there is a configuration exactly if there is no error", () => {
  const words = [
    ...["[", "]", "[options]", "[x]", "=", "#", ";", ",", ":", "!", " ", "\t", "\r", "\n", "\0"],
    ...["sequence", "tcpflags", "target", "timeout", "UseSyslog", "Interface", "command", "\n"],
    ...["constructor", "__proto__", "hasOwnProperty", "7000", "syn", "any", "\uFEFF", "–dport"],
  ];
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, fc.string()))
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (written) => {
      const { config, problems } = parseConfig(written);
      expect(config === undefined).toBe(problems.some(({ severity }) => severity === "error"));
      const lines = written.split("\n").length;
      problems.forEach((problem, i) => {
        expect(problem.line).toBeGreaterThanOrEqual(problems[i - 1]?.line ?? 1);
        expect(problem.line).toBeLessThanOrEqual(lines);
        expect(problem.column).toBeGreaterThanOrEqual(1);
      });
    }),
    { numRuns: 2000 },
  );
});

test("only the first of many unknown directives get a suggestion", () => {
  const { problems } = parseConfig(`[x]\n${"sequense = 1\n".repeat(30)}`);
  const hints = problems.filter(({ hint }) => hint === 'did you mean "Sequence"?');
  expect(hints).toHaveLength(20);
});

test("a file may have as many problems as lines", () => {
  const { config, problems } = parseConfig(`[x]\n${"stop_command = –x\n".repeat(200_000)}`);
  expect(config).toBeUndefined();
  expect(problems.length).toBeGreaterThan(200_000);
});
