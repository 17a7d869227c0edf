import { describe, expect, test } from "vitest";
import { parseSequence } from "../../base/sequence.ts";
import type { Service } from "../../base/service.ts";
import { parseService } from "../../base/service.ts";
import type { Config } from "../config.ts";
import { parseConfig } from "../parse.ts";
import type { NewDoor } from "./addition.ts";
import { addition, freeName, openerOf } from "./addition.ts";

function service(text: string): Service {
  const parsed = parseService(text);
  if (parsed === undefined) throw new Error(`no service: ${text}`);
  return parsed;
}

function door(name: string, opens: string): NewDoor {
  const sequence = parseSequence("7003,9140:udp,8455");
  if ("problem" in sequence) throw new Error(sequence.problem);
  return { name, sequence, user: undefined, service: service(opens), openFor: "30s" };
}

function config(text: string): Config {
  const { config: parsed, problems } = parseConfig(text);
  if (parsed === undefined) throw new Error(JSON.stringify(problems));
  return parsed;
}

const ssh = door("ssh", "tcp/22");

describe("what is put behind a file", () => {
  test("that is empty", () => {
    expect(addition("", [ssh, door("ping", "icmp")])).toMatchInlineSnapshot(`
      "[options]
          UseSyslog

      [ssh]
          sequence = 7003,9140:udp,8455
          tcpflags = syn
          open     = tcp/22
          open_for = 30s

      [ping]
          sequence = 7003,9140:udp,8455
          tcpflags = syn
          open     = icmp
          open_for = 30s
      "
    `);
  });

  test("by key, beside a sequence or instead of it", () => {
    const text = "[options]\nKnockPort = 23547\n";
    const both = { ...ssh, user: "alice/laptop" };
    const key = { ...door("ping", "icmp"), user: "alice/laptop", sequence: undefined };
    const added = addition(text, [both, key]);
    expect(added).toMatchInlineSnapshot(`
      "
      [ssh]
          users    = alice/laptop
          sequence = 7003,9140:udp,8455
          tcpflags = syn
          open     = tcp/22
          open_for = 30s

      [ping]
          users    = alice/laptop
          open     = icmp
          open_for = 30s
      "
    `);
    expect(config(text + added).doors.map(({ sequence }) => sequence.kind)).toEqual([
      "fixed",
      "none",
    ]);
  });

  test.each([
    ["with options", "[Options]\nlogfile = /x\n", /^\n\[ssh\]\n/],
    ["without options", "# mine\n", /^\n\[options\]\n {4}UseSyslog\n\n\[ssh\]\n/],
    ["without a last line end", "[options]", /^\n\n\[ssh\]\n/],
    ["with a byte order mark", "\uFEFF[options]\n", /^\n\[ssh\]\n/],
  ])("%s", (_, text, expected) => {
    const added = addition(text, [ssh]);
    expect(added).toMatch(expected);
    expect(config(text + added).doors.map(({ name }) => name)).toEqual(["ssh"]);
  });

  test("has the line ends of the file", () => {
    expect(addition("[options]\r\n", [ssh]).replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  test("is nothing if there is nothing to add", () => {
    expect(addition("[options]\n", [])).toBe("");
  });

  test("is a configuration without a warning", () => {
    expect(parseConfig(addition("", [ssh])).problems).toEqual([]);
  });
});

describe("a door that opens a service already", () => {
  const text = (...lines: string[]) => ["[a]", "sequence = 9,8,7", "tcpflags = syn", ...lines, ""];
  const find = (...lines: string[]) => openerOf(config(lines.join("\n")), service("tcp/22"))?.name;

  test("is found", () => {
    expect(find(...text("open = udp/53, tcp/22"))).toBe("a");
  });

  test.each([
    ["another service", "open = tcp/222"],
    ["by a command", "start_command = iptables -I INPUT -s %IP% -p tcp --dport 22 -j ACCEPT"],
    ["of another host", "open = tcp/22\ntarget = 192.0.2.1"],
  ])("is not one: %s", (_, line) => {
    expect(find(...text(line))).toBeUndefined();
  });

  test("is best one with a sequence that stays", () => {
    const once = ["[once]", "one_time_sequences = /x", "tcpflags = syn", "open = tcp/22"];
    expect(find(...once, ...text("open = tcp/22"))).toBe("a");
    expect(find(...once)).toBe("once");
  });
});

test.each([
  ["tcp/22", [], "ssh"],
  ["tcp/22", ["SSH", "ssh-2"], "ssh-3"],
  ["icmp", ["ssh"], "ping"],
  ["udp/51820", [], "udp-51820"],
])("the door to %s beside %j is called %s", (opens, taken, expected) => {
  expect(freeName(service(opens), taken)).toBe(expected);
});
