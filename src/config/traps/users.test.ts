import { expect, test } from "vitest";
import { wallTime } from "../../base/time.ts";
import { makeKey } from "../../knock/keys.ts";
import { parseConfig } from "../parse.ts";
import { parseUsers } from "../users.ts";
import { findUserTraps } from "./users.ts";

const now = wallTime(Date.UTC(2027, 2, 20));

function traps(users: string, ...devices: string[]): string[] {
  const { config } = parseConfig(
    `[options]\nKnockPort = 1\n[ssh]\nusers = ${users}\nopen = tcp/22`,
  );
  const sections = devices.map((text, i) => {
    const [name = "", ...more] = text.split("; ");
    const { lock } = makeKey(new Uint8Array(64).fill(i + 1));
    return [`[${name}]`, `key = ${lock}`, ...more].join("\n");
  });
  const parsed = parseUsers(sections.join("\n"));
  expect(parsed.problems).toEqual([]);
  const options = { knockPorts: [23547], fwknopPorts: [] };
  return findUserTraps({ options, doors: config?.doors ?? [] }, parsed.devices, now);
}

test.each<[string, string[]]>([
  ["alice", ["alice/laptop"]],
  ["alice/laptop", ["alice/laptop"]],
  ["@admins", ["alice/laptop; groups = admins", "bob/phone; disabled = yes"]],
  ["alice", ["alice/laptop; expires = 2027-04-30"]],
])("nothing is said of %s and %j", (users, devices) => {
  expect(traps(users, ...devices)).toEqual([]);
});

test("an unknown user, with the name that was meant", () => {
  expect(traps("alice, alicia, @admin", "alice/laptop; groups = admins")).toEqual([
    `'ssh' has the user "alicia", whom the users file does not have: did you mean "alice"?`,
    `'ssh' has the user "@admin", whom the users file does not have: did you mean "@admins"?`,
  ]);
});

test("a door that no device can open", () => {
  expect(traps("alice", "alice/laptop; disabled = yes")).toEqual([
    "'ssh' has users, but none of them has a device that is enabled",
  ]);
});

test("a key that ends within two weeks, and one that has ended", () => {
  expect(traps("alice", "alice/laptop; expires = 2027-03-31")).toEqual([
    "alice/laptop expires at the end of 2027-03-31 (UTC)",
  ]);
  expect(traps("alice", "alice/laptop; expires = 2027-03-19")).toEqual([
    "alice/laptop has expired",
  ]);
});
