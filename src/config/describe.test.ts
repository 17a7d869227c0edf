import { expect, test } from "vitest";
import { describeConfig } from "./describe.ts";
import { options } from "./directives.ts";
import { parseConfig } from "./parse.ts";

function description(text: string): string[] {
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("no configuration");
  return describeConfig(config);
}

test("a configuration is described in the words of knockd -D", () => {
  const text = `
    [options]
      logfile = /var/log/k.log
      pidfile = /run/k.pid
      interface = eth0
      usesyslog
    [x]
      sequence = 7000,8000:udp
      tcpflags = syn,!ack
      seq_timeout = 60
      target = 192.0.2.1
      start_command = open %IP%
      start_command_6 =
      cmd_timeout = 90
      stop_command = close %IP%
      stop_command_6 = close6 %IP%
  `;
  expect(description(text)).toEqual([
    "config: new section: 'options'",
    "config: log file: /var/log/k.log",
    "config: pid file: /run/k.pid",
    "config: interface: eth0",
    "config: usesyslog",
    "config: new section: 'x'",
    "config: x: sequence: 7000:tcp,8000:udp",
    "config: x: seq_timeout: 60",
    "config: x: target: 192.0.2.1",
    "config: x: start_command: open %IP%",
    "config: x: start_command_6: ",
    "config: x: cmd_timeout: 90",
    "config: x: stop_command: close %IP%",
    "config: x: stop_command_6: close6 %IP%",
    "config: tcp flag: SYN",
    "config: tcp flag: !ACK",
  ]);
});

test("every option is described where it is not the default", () => {
  const changed = {
    logFile: "/k.log",
    pidFile: "/k.pid",
    interfaces: "eth0",
    useSyslog: "yes",
    logFormat: "json",
    logRate: "0",
    stateDir: "/k",
    controlSocket: "/k.sock",
    metricsListen: "127.0.0.1:9190",
    firewall: "ipset",
    kernelDoors: "no",
    knockPorts: "23547",
    fwknopPorts: "62201",
    usersFile: "/etc/u",
    freshness: "60",
    fleet: "redis://10.0.0.5",
    fleetName: "office",
    gatewayName: "gw-1",
    fleetFile: "/etc/f",
    onFleetLoss: "refuse",
    table: "k",
    maxAttempts: "5000",
    maxCommands: "8",
    onJournalFailure: "refuse",
    onOpen: "https://chat.example/hook",
    onClose: "logger x",
  } satisfies Record<keyof typeof options, string>;
  for (const [key, value] of Object.entries(changed)) {
    const { name } = options[key as keyof typeof options];
    const text = (line: string) => `[options]\n${line}\n[x]\nsequence = 2,1\ntcpflags = syn`;
    const lines = description(text(`${name} = ${value}`));
    const added = lines.filter((line) => !description(text("")).includes(line));
    expect(added, name).toHaveLength(1);
  }
  expect(description("[options]\nMaxAttempts = 5000")).toContain("config: max attempts: 5000");
});

test("what knockd does not have is described alike", () => {
  const text = `
    [options]
      logformat = json
      statedir = /var/lib/k
      controlsocket = /run/k.sock
      firewall = ipset
      table = mine
      maxcommands = 8
      onjournalfailure = refuse
    [x]
      one_time_sequences = /etc/list
      seq_timeout = 1500ms
      target = 10.0.0.0/8, 2001:db8::/32, gate, 2001:db8::1
      allow = 192.0.2.0/24
      deny = 192.0.2.66, fd00::/8
      decoys = 8
      command = open %IP%
      user = nobody
      command_timeout = 30s
      again = rerun
    [y]
      sequence = 2,1
      open = tcp/22, icmp
      open_for = 1h
      protect = yes
  `;
  expect(description(text)).toEqual([
    "config: new section: 'options'",
    "config: interface: any",
    "config: log format: json",
    "config: state directory: /var/lib/k",
    "config: control socket: /run/k.sock",
    "config: firewall: ipset",
    "config: table: mine",
    "config: max commands: 8",
    "config: on journal failure: refuse",
    "config: new section: 'x'",
    "config: x: one time sequences file: /etc/list",
    "config: x: seq_timeout: 1500ms",
    "config: x: target: 10.0.0.0/8,2001:db8::/32,gate,2001:db8::1",
    "config: x: allow: 192.0.2.0/24",
    "config: x: deny: 192.0.2.66,fd00::/8",
    "config: x: decoys: 8",
    "config: x: start_command: open %IP%",
    "config: x: cmd_timeout: 10",
    "config: x: user: nobody",
    "config: x: command_timeout: 30",
    "config: x: again: rerun",
    "config: new section: 'y'",
    "config: y: sequence: 2:tcp,1:tcp",
    "config: y: seq_timeout: 25",
    "config: y: open: tcp/22,icmp",
    "config: y: open_for: 3600",
    "config: y: protect: yes",
  ]);
});

test("services of hosts behind this one are described as they are written", () => {
  const text = `
    [a]
      sequence = 1
      open = tcp/22, udp/53
      to = 10.1.2.0/24, 10.0.0.5
    [b]
      sequence = 2
      open = tcp/2222 -> 10.0.0.5:22, tcp/2222->[2001:db8::5]:22
      masquerade = yes
  `;
  const facts = description(text).filter((line) => /: (?:open|to|masquerade): /.test(line));
  expect(facts).toEqual([
    "config: a: open: tcp/22,udp/53",
    "config: a: to: 10.1.2.0/24,10.0.0.5",
    "config: b: open: tcp/2222 -> 10.0.0.5:22,tcp/2222 -> [2001:db8::5]:22",
    "config: b: masquerade: yes",
  ]);
});
