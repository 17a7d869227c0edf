import { describe, expect, test } from "vitest";
import { thisMachine } from "../../daemon/host/machine.ts";
import { parseConfig } from "../parse.ts";
import type { MachineFacts } from "./machine.ts";
import { findMachineTraps } from "./machine.ts";

const files: Readonly<Record<string, "directory" | "program" | "other">> = {
  "/": "directory",
  "/var/log": "directory",
  "/sbin/iptables": "program",
  "/opt/open": "other",
};

const machine: MachineFacts = {
  interfaces: new Map([
    ["lo", ["127.0.0.1"]],
    ["eth0", ["192.0.2.1", "2001:db8::1"]],
    ["wg0", []],
    ["eth1", []],
    ["br0", []],
  ]),
  masterOf: (name) => (name === "eth1" ? "br0" : undefined),
  hasIpv6: true,
  forwards: () => true,
  fileAt: (path) => files[path],
  hasProgram: (name) => ["iptables", "ip6tables", "ufw", "logger", "sh"].includes(name),
};

function traps(options: readonly string[], door: readonly string[], facts = machine): string[] {
  const parsed = parseConfig(["[x]", "sequence = 1", ...door, "[options]", ...options].join("\n"));
  if (parsed.config === undefined) throw new Error("the file cannot be used");
  return findMachineTraps(parsed.config, parsed, facts).map(
    ({ line, column, message, hint }) => `${line}:${column}: ${message} | ${hint}`,
  );
}

describe("what a file names and this machine does not have:", () => {
  test.each([
    ["LogFile = /var/log/knockd.log", []],
    [
      "LogFile = /dev/stdout/x # there",
      ["4:11: there is no directory /dev/stdout: the log goes to no file | undefined"],
    ],
    [
      "LogFile = /var/log/doors/log",
      [
        "4:11: there is no directory /var/log/doors: the log goes to no file | mkdir /var/log/doors",
      ],
    ],
    ["LogFile = /var/log", ["4:11: /var/log is a directory: the log goes to no file | undefined"]],
    ["Interface = eth0, wg0", []],
    ["Interface = br0", []],
    ["Interface = eth0, eth1", ["4:19: eth1 is a port of br0: knocks may not arrive | br0"]],
    ["Interface = any", []],
    ["Interface = eth0, eth9", ["4:19: there is no interface eth9: knockd waits for it | eth0"]],
    [
      "Interface = br-lan",
      [
        "4:13: there is no interface br-lan: knockd waits for it | any, or one of: eth0, wg0, eth1, br0",
      ],
    ],
    ["Interface = *", ["4:13: there is no interface *: knockd waits for it | any"]],
    ["Interface = all", ["4:13: there is no interface all: knockd waits for it | any"]],
    ["Interface = 192.0.2.1", ["4:13: 192.0.2.1 is an address, and no interface | eth0"]],
    ["Interface = 192.0.2.9", ["4:13: 192.0.2.9 is an address, and no interface | any"]],
    [
      "Interface = eth0:1",
      [
        "4:13: eth0:1 is an address of eth0: packets to all addresses of eth0 count | target = ADDRESS in a door takes packets to this address alone",
      ],
    ],
  ])("%s", (option, expected) => expect(traps([option], [])).toEqual(expected));

  test.each([
    ["command = logger %IP%", []],
    [
      "command = /usr/local/bin/open %IP%",
      ["3:11: there is no program /usr/local/bin/open | undefined"],
    ],
    ["command = sudo open %IP%", ["3:16: there is no program open | undefined"]],
    [
      "command = /usr/sbin/ufw status",
      ["3:11: there is no program /usr/sbin/ufw | ufw is in another directory: write ufw alone"],
    ],
    ["command = /opt/open %IP%", ["3:11: /opt/open cannot be executed | chmod +x /opt/open"]],
    ["stop_command = echo a; shut %IP%", ["3:24: there is no program shut | undefined"]],
    ["command = sh /nowhere/open %IP%", ["3:14: there is no script /nowhere/open | undefined"]],
    ["command = sh /opt/open %IP%", []],
    ["command = if true; then echo a; fi", []],
    ["command = $TOOL %IP%", []],
    ["command = [ -e /x ] && echo a", []],
  ])("%s", (command, expected) => expect(traps([], [command])).toEqual(expected));
});

describe("iptables without ip6tables, where knocks may come over IPv6:", () => {
  const rule = "/sbin/iptables -I INPUT -s %IP% -j ACCEPT";
  const told =
    "3:11: a knock over IPv6 at 'x' runs iptables, which refuses an IPv6 address | Start_Command_6 = ip6tables …, or knockd -4";

  test.each([
    ["a command for both", [`command = ${rule}`], [told]],
    [
      "one of its own",
      [`command = ${rule}`, "command_6 = ip6tables -I INPUT -s %IP% -j ACCEPT"],
      [],
    ],
    ["both in one", [`command = ${rule}; ip6tables -I INPUT -s %IP% -j ACCEPT`], []],
    ["IPv4 sources alone", [`command = ${rule}`, "allow = 192.0.2.0/24"], []],
    ["a command that closes", [`command = ${rule.replace("-I", "-D")}`], []],
    ["a script", ["command = logger %IP%"], []],
    [
      "several doors, once",
      [`command = ${rule}`, "[y]", "sequence = 2", `command = ${rule}`],
      [told.replace(" |", "; also at 1 other door |")],
    ],
  ])("%s", (_, door, expected) => expect(traps([], door)).toEqual(expected));

  test("nothing is said where there is no IPv6", () => {
    expect(traps([], [`command = ${rule}`], { ...machine, hasIpv6: false })).toEqual([]);
  });
});

test("this machine can be asked", () => {
  const { interfaces, fileAt, hasProgram } = thisMachine();
  expect(interfaces.has("lo")).toBe(true);
  expect([fileAt("/"), fileAt("/bin/sh"), fileAt("/etc/passwd"), fileAt("/nowhere")]).toEqual([
    "directory",
    "program",
    "other",
    undefined,
  ]);
  expect([hasProgram("sh"), hasProgram("no-such-program")]).toEqual([true, false]);
});

test("forwarding that is switched off is named for the families of the hosts", () => {
  const only = (family: 4 | 6) => ({ ...machine, forwards: (one: 4 | 6) => one === family });
  const off = (bits: string, setting: string) =>
    `1:1: this machine forwards no packets of ${bits}: no source reaches the hosts of 'x' | sysctl -w ${setting}=1`;
  const [off4, off6] = [
    off("IPv4", "net.ipv4.ip_forward"),
    off("IPv6", "net.ipv6.conf.all.forwarding"),
  ];
  const routed = ["open = tcp/22", "to = 10.0.0.5, fd00::5"];
  const forwarded = ["open = tcp/2222 -> [fd00::5]:22"];
  expect(traps([], routed, only(4))).toEqual([off6]);
  expect(traps([], routed, only(6))).toEqual([off4]);
  expect(traps([], forwarded, only(4))).toEqual([off6]);
  expect(traps([], forwarded, only(6))).toEqual([]);
  expect(traps([], ["open = tcp/22"], { ...machine, forwards: () => false })).toEqual([]);
  expect(traps([], routed, { ...machine, forwards: () => undefined })).toEqual([]);
});
