import { describe, expect, test } from "vitest";
import {
  addKey,
  addKnockPort,
  addUser,
  setDirective,
  withoutDevices,
  withoutLines,
} from "./key-users.ts";

const conf =
  "# mine\n[options]\n\tUseSyslog\n\n[ssh] # door\n\topen = tcp/22 # x\n[web]\nopen=tcp/80";

describe("a user of a door", () => {
  test("gets a line behind the head of the section", () => {
    expect(addUser(conf, "ssh", "alice/laptop")).toBe(
      conf.replace("# door\n", "# door\n\tusers = alice/laptop\n"),
    );
    expect(addUser(conf, "web", "a/b")).toBe(conf.replace("[web]\n", "[web]\nusers = a/b\n"));
    expect(addUser("[x]", "x", "a/b")).toBe("[x]\n    users = a/b");
  });

  test.each([
    ["users = bob", "users = bob, a/b"],
    ["  USERS=bob,@x  # comment", "  USERS=bob,@x, a/b  # comment"],
    ["users = bob\r", "users = bob, a/b\r"],
  ])("is added to %j", (line, expected) => {
    const text = `[y]\nopen = tcp/1\n[x]\n${line}\nopen = tcp/22\n`;
    expect(addUser(text, "x", "a/b")).toBe(text.replace(line, expected));
  });

  test("ends its line as its section does", () => {
    expect(addUser("[x]\r\nopen = tcp/22\r\n", "x", "a/b")).toBe(
      "[x]\r\nusers = a/b\r\nopen = tcp/22\r\n",
    );
  });
});

test("a port stands with the options, or in a section of its own", () => {
  expect(addKnockPort(conf, 23547)).toBe(
    conf.replace("UseSyslog\n", "UseSyslog\n\tKnockPort = 23547\n"),
  );
  expect(addKnockPort("[x]\n", 1)).toBe("[options]\n    KnockPort = 1\n\n[x]\n");
  expect(addKnockPort("\uFEFF[x]\r\n", 1)).toBe(
    "\uFEFF[options]\r\n    KnockPort = 1\r\n\r\n[x]\r\n",
  );
});

test("a key is that of a new device, or stands behind the ones that there are", () => {
  expect(addKey("", "a/b", "lock1:x")).toBe("[a/b]\n    key = lock1:x\n");
  const file = "# users\n[c/d]\nkey = 1\ngroups = x";
  expect(addKey(file, "a/b", "lock1:x")).toBe(`${file}\n\n[a/b]\n    key = lock1:x\n`);
  expect(addKey(file, "c/d", "lock1:x")).toBe(
    file.replace("key = 1\n", "key = 1\nkey = lock1:x\n"),
  );
});

test("a directive of a device stands behind its keys, or in place of the one that there is", () => {
  const file = "[c/d]\nkey = 1\nkey = 2\n[a/b]\n  key = 3\n  GROUPS = x # y\n  disabled = yes\n";
  expect(setDirective(file, "c/d", "expires", "2027-03-31")).toBe(
    file.replace("key = 2\n", "key = 2\nexpires = 2027-03-31\n"),
  );
  expect(setDirective(file, "a/b", "groups", "admins, ops")).toBe(
    file.replace("GROUPS = x # y", "groups = admins, ops"),
  );
});

test("devices and lines are taken out, and nothing else", () => {
  const file = "# users\n[a/b]\nkey = 1\nkey = 2\n\n# of c\n[c/d]\nkey = 3\n\n[a/c]\nkey = 4\n";
  expect(withoutDevices(file, new Set(["a/b", "a/c"]))).toBe("# users\n\n# of c\n[c/d]\nkey = 3\n");
  expect(withoutLines(file, new Set([4]))).toBe(file.replace("key = 2\n", ""));
});
