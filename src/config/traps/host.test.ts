import { describe, expect, test } from "vitest";
import { wallTime } from "../../base/time.ts";
import { thisHost } from "../../daemon/host/facts.ts";
import { readOneTimeList } from "../../match/one-time.ts";
import { parseConfig } from "../parse.ts";
import type { HostFacts } from "./host.ts";
import { findHostTraps } from "./host.ts";

/** A machine on which ssh and a resolver listen, with these lists, and one user. */
const host: HostFacts = {
  listening: { tcp: new Set([22, 8000]), udp: new Set([53]) },
  readList(file) {
    const lists: Record<string, string> = { "/full": "1,2", "/used": "#1,2", "/odd": "1,2\nx" };
    const text = lists[file];
    if (text === undefined) throw new Error(`cannot read ${file}: No such file or directory`);
    return readOneTimeList(text);
  },
  hasUser: (name) => name === "nobody",
  blocked: new Map([
    [
      "tcp/25",
      { message: "ufw blocks tcp/25", hints: ["sudo ufw allow 25/tcp", "b"], hasExceptions: true },
    ],
  ]),
  now: wallTime(Date.UTC(2026, 11, 5, 20)),
};

function traps(...lines: string[]): string[] {
  const { config, doorSections } = parseConfig(["[x]", "command = true", ...lines].join("\n"));
  if (config === undefined) throw new Error("the file cannot be used");
  return findHostTraps(config, doorSections, host).map(
    ({ severity, line, column, message }) => `${severity} ${line}:${column}: ${message}`,
  );
}

describe("what does not suit a machine:", () => {
  test.each([
    [
      "a port with a service",
      ["sequence = 9000,8000,7000"],
      ["warning 3:12: something listens on 8000:tcp of this machine, which is a step of 'x'"],
    ],
    [
      "several, each once",
      ["Sequence = 8000, 53:udp, 8000"],
      [
        "warning 3:12: something listens on 8000:tcp of this machine, which is a step of 'x'",
        "warning 3:12: something listens on 53:udp of this machine, which is a step of 'x'",
      ],
    ],
    ["not the other protocol", ["sequence = 8000:udp,53"], []],
    ["not a port of other machines", ["sequence = 8000", "target = 192.0.2.1"], []],
    ["not a list with something left", ["one_time_sequences = /full"], []],
    [
      "a list that is used up",
      ["one_time_sequences = /used"],
      ["warning 3:22: no sequences are left in /used: 'x' stays closed"],
    ],
    [
      "a list that is not there",
      ["one_time_sequences = /none"],
      ["warning 3:22: cannot read /none: No such file or directory: 'x' stays closed"],
    ],
    [
      "a list with something else in it",
      ["one_time_sequences = /odd"],
      [expect.stringMatching(/^warning 3:22: \/odd:2: port is invalid: .*, the line is skipped$/)],
    ],
    [
      "a user that is not there",
      ["sequence = 1", "user = nobdy"],
      ["warning 4:8: this machine has no user \"nobdy\": no command of 'x' can be run"],
    ],
    ["not one that is", ["sequence = 1", "user = nobody"], []],
    [
      "a door that has ended",
      ["sequence = 1", "until = 2026-12-05T20:00:00Z"],
      [expect.stringMatching(/^warning 4:9: 'x' ended at 2026-12-05 .*, and stays closed$/)],
    ],
    ["not one that ends later", ["sequence = 1", "until = 2026-12-05T20:00:01Z"], []],
  ])("%s", (_, lines, expected) => expect(traps(...lines)).toEqual(expected));
});

test("a native door whose service another firewall blocks, unless it is for some sources", () => {
  const found = (...lines: string[]) => {
    const text = ["[x]", "sequence = 1,2,3", "open = tcp/22, tcp/25", ...lines].join("\n");
    const { config, doorSections } = parseConfig(text);
    if (config === undefined) throw new Error("the file cannot be used");
    return findHostTraps(config, doorSections, host);
  };
  expect(found("allow = 10.0.0.0/8")).toEqual([]);
  expect(found()).toEqual([
    {
      ...{ severity: "warning", line: 3, column: 8 },
      ...{ message: "ufw blocks tcp/25", hint: "sudo ufw allow 25/tcp; b" },
    },
  ]);
});

test("this machine can be asked", () => {
  const { listening, hasUser } = thisHost();
  expect(listening.tcp).toBeInstanceOf(Set);
  expect(hasUser("root")).toBe(true);
  expect(hasUser("nobody-at-all")).toBe(false);
});
