import { describe, expect, test } from "vitest";
import { wallTime } from "../../base/time.ts";
import { parseConfig } from "../parse.ts";
import type { Rotation } from "./rotation.ts";
import { oldName, rotate } from "./rotation.ts";

const until = wallTime(Date.UTC(2026, 11, 5, 20));
const rotation: Rotation = {
  door: "ssh",
  sequence: [1555, 7003, 9140].map((number) => ({ number, protocol: "tcp" })),
  old: { name: "ssh-old", until },
};

const file = `\
# mine
[options]
    UseSyslog

[ssh]
    # the door
    sequence    = 7000,8000:udp   # secret
    tcpflags    = syn
    open        = tcp/22

# the other
[web]
    sequence = 1,2,3
    command = true # x
`;

describe("a rotation", () => {
  test("changes the sequence, and keeps the old one beside it", () => {
    const text = rotate(file, rotation);
    expect(text).toBe(`\
# mine
[options]
    UseSyslog

[ssh]
    # the door
    sequence    = 1555,7003,9140   # secret
    tcpflags    = syn
    open        = tcp/22

[ssh-old]
    sequence    = 7000,8000:udp   # secret
    tcpflags    = syn
    open        = tcp/22
    until       = 2026-12-05T20:00:00Z

# the other
[web]
    sequence = 1,2,3
    command = true # x
`);
    const { config } = parseConfig(text);
    expect(config?.doors.map(({ name, until }) => [name, until])).toEqual([
      ["ssh", undefined],
      ["ssh-old", until],
      ["web", undefined],
    ]);
  });

  test("leaves users with the new door, which keys open all the same", () => {
    const users = file.replace(
      "tcpflags    = syn\n",
      "users       = alice\n    longest     = 8h\n",
    );
    expect(rotate(users, rotation).match(/users|longest/g)).toHaveLength(2);
  });

  test("keeps nothing of the old sequence if it ends at once", () => {
    const text = rotate(file, { ...rotation, old: undefined });
    expect(text).toBe(file.replace("7000,8000:udp", "1555,7003,9140"));
  });

  test.each([
    ["ends at once", undefined],
    ["stays valid for a time", { name: "ssh-old-3", until }],
  ])("removes what earlier ones left, and nothing else, if the old sequence %s", (_, old) => {
    const ended = "\n[ssh-old]\nsequence = 5,6\n# x\ncommand = a\nuntil = 2026-11-28T20:00:00Z\n";
    const valid = "\n[ssh-old-2]\nsequence = 5,6\ncommand = a\nUntil = 2099-11-28T20:00:01Z\n";
    const own = "\n[ssh-old-4]\nsequence = 5,6\ncommand = a\n";
    const other = "\n[ssh-older]\nsequence = 5,6\ncommand = a\nuntil = 2026-01-01T00:00:00Z\n";
    const text = rotate(`${file}${ended}${valid}${own}${other}`, { ...rotation, old });
    expect(text).toBe(`${rotate(file, { ...rotation, old })}${own}${other}`);
  });

  test.each([
    ["the last line without an end", "[ssh]\nSequence=1,2", "[ssh]\nSequence=1555,7003,9140"],
    [
      "lines that end in CR LF",
      "[ssh]\r\nSequence = 1,2 \r\n",
      "[ssh]\r\nSequence = 1555,7003,9140 \r\n",
    ],
    [
      "the last of two",
      "[ssh]\nsequence = 1\nsequence = 2,3\n",
      "[ssh]\nsequence = 1\nsequence = 1555,7003,9140\n",
    ],
  ])("changes %s", (_, before, after) => {
    expect(rotate(before, { ...rotation, old: undefined })).toBe(after);
    const kept = rotate(before, rotation);
    expect(kept.startsWith(after.trimEnd())).toBe(true);
    expect(kept.includes("\r")).toBe(before.includes("\r"));
    expect(parseConfig(kept).config?.doors.map(({ name }) => name)).toEqual(["ssh", "ssh-old"]);
  });

  test("ends the old door no later than the door itself", () => {
    const text = rotate("[ssh]\nsequence = 1,2\nuntil = 2027-01-01T00:00:00Z\n", rotation);
    expect(text.match(/until/g)).toHaveLength(2);
    expect(parseConfig(text).config?.doors[1]?.until).toBe(until);
  });
});

test("the name of an old door is free", () => {
  expect(oldName("ssh", ["ssh"])).toBe("ssh-old");
  expect(oldName("ssh", ["ssh-old", "ssh-old-2"])).toBe("ssh-old-3");
});
