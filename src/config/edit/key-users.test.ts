import { describe, expect, test } from "vitest";
import { makeKey, parseLock } from "../../knock/keys.ts";
import {
  addKey,
  addKnockPort,
  addUser,
  setDirective,
  withoutDevices,
  withoutKey,
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

  test.each([
    ["open     = tcp/22", "users    = a/b"],
    ["open = tcp/22\nopen_for = 1h", "users = a/b"],
    ["open=tcp/22", "users = a/b"],
  ])("stands below the = of %j", (lines, expected) => {
    expect(addUser(`[x]\n${lines}\n`, "x", "a/b")).toBe(`[x]\n${expected}\n${lines}\n`);
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
});

test("a key is taken out by its ID, and its device with the last one", () => {
  const locks = [1, 2].map((seed) => makeKey(new Uint8Array(64).fill(seed)).lock);
  const [first = "", second = ""] = locks.map((text) => {
    const lock = parseLock(text);
    return typeof lock === "string" ? "" : lock.id;
  });
  const before = "[c/d]\nkey = lock1:x\n";
  const file = `${before}\n[a/b]\nkey = ${locks[0]} # old\nkey = ${locks[1]}\ngroups = x\n`;
  const rest = withoutKey(file, "a/b", first);
  expect(rest).toBe(file.replace(`key = ${locks[0]} # old\n`, ""));
  expect(withoutKey(rest, "a/b", second)).toBe(before);
  expect(withoutKey(file, "c/d", first)).toBe(file);
  expect(withoutKey(addKey(before, "a/b", locks[0] ?? ""), "a/b", first)).toBe(before);
  const both = addKey("[a/b]\n    fwknop_key = k\n", "a/b", locks[0] ?? "");
  expect(withoutKey(both, "a/b", first)).toBe("[a/b]\n    fwknop_key = k\n");
});
