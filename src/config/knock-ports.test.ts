import { expect, test } from "vitest";
import { parseConfig } from "./parse.ts";
import type { Problem } from "./problem.ts";

function problems(text: string, severity: Problem["severity"]): string[] {
  return parseConfig(text)
    .problems.filter((problem) => problem.severity === severity)
    .map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

const port = "[options]\nKnockPort = 23547, 443\n";
const door = "[ssh]\nusers = alice, bob/phone, @admins\nopen = tcp/22\nprotect = yes\n";

test("a door may have users instead of a sequence", () => {
  const { config, problems } = parseConfig(`${port}Freshness = 1m\n${door}longest = 8h\n`);
  expect(problems).toEqual([]);
  expect(config?.options).toMatchObject({ knockPorts: [23547, 443], freshness: 60_000 });
  expect(config?.options.usersFile).toBe("/etc/knockd.users");
  expect(config?.doors).toMatchObject([
    {
      sequence: { kind: "none" },
      users: ["alice", "bob/phone", "@admins"],
      longest: 8 * 3_600_000,
    },
  ]);
});

test.each<[string, string, string[]]>([
  [
    "users without a port",
    door,
    ["2:9: 'ssh' has Users, but no KnockPort says where their knocks arrive"],
  ],
  [
    "a port that cannot be read, told once",
    `[options]\nKnockPort = 0\n${door}`,
    ['2:13: KnockPort: "0" is not a port'],
  ],
  [
    "a step",
    `${port}[x]\nsequence = 7000:udp,443:udp\nstart_command = true\n`,
    ["4:12: a step of 'x' is a KnockPort"],
  ],
  [
    "an opened port",
    `${port}[x]\nsequence = 7000\nopen = udp/443\n`,
    ["5:8: 'x' opens a KnockPort"],
  ],
  [
    "two doors of one name",
    `${port}${door}${door}`,
    ["7:1: another door with Users is named 'ssh', too"],
  ],
  [
    "an opened port of fwknop",
    "[options]\nFwknopPort = 62201\n[x]\nsequence = 7000\nopen = udp/62201\n",
    ["5:8: 'x' opens a FwknopPort"],
  ],
  [
    "a port of both",
    `${port}FwknopPort = 443\n${door}`,
    ["3:14: a FwknopPort is a KnockPort, too"],
  ],
  ["users with a FwknopPort alone", `[options]\nFwknopPort = 62201\n${door}`, []],
  [
    "nobody's name",
    `${port}${door}`.replace("alice", "Alice!"),
    ['4:9: users: "Alice!" is not a person, a device or a group'],
  ],
  [
    "too short a freshness",
    `${port}Freshness = 5s\n${door}`,
    ['3:13: Freshness: expected 10s to 10m, got "5s"'],
  ],
  [
    "neither a sequence nor users",
    `${port}[x]\nopen = tcp/22\n`,
    ["3:1: section 'x' has an empty knock sequence"],
  ],
])("an error: %s", (_, text, expected) => {
  expect(problems(text, "error")).toEqual(expected);
});

test("TCP steps and services may have the number of a KnockPort", () => {
  const text = `${port}[x]\nsequence = 443,7000,9000\nopen = tcp/443\ntcpflags = syn\n`;
  expect(problems(text, "error")).toEqual([]);
});

test("what is weaker than it looks is a warning", () => {
  const text = `${port}Freshness = 6m\n${door}sequence = 7003,9140,8455\ntcpflags = syn\n`;
  expect(problems(text, "warning")).toEqual([
    "3:13: a packet that was held back for so long still opens a door",
    "4:1: 'ssh' opens by a sequence, too: who sees it can send it",
  ]);
  const mistaken = "[ssh]\nsequence = 9,7,8\nopen = tcp/22\nuser = alice\ntcpflags = syn\n";
  expect(problems(mistaken, "warning")).toEqual([
    "4:1: 'ssh' runs no commands, so that user means nothing",
  ]);
});
