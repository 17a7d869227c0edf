import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandKind, laneOf } from "./command-kind.ts";

describe("the kind of a command is its first program:", () => {
  test.each([
    ["ufw allow from 192.0.2.7 to any port 22", "ufw"],
    ["/usr/sbin/ufw insert 1 allow from 192.0.2.7", "ufw"],
    ["  \tufw status", "ufw"],
    ["'/usr/sbin/u'fw status", "ufw"],
    ["LANG=C PATH=/x ufw status", "ufw"],
    ["sudo ufw status", "ufw"],
    ["sudo -n -u root -- ufw status", "ufw"],
    ["sudo -nu root A=1 ufw status", "ufw"],
    ["sudo -uroot --group=adm ufw status", "ufw"],
    ["sudo --user root ufw status", "ufw"],
    ["env -i -u LANG A=b ufw status", "ufw"],
    ["/usr/bin/env ufw status", "ufw"],
    ["timeout 5 ufw status", "ufw"],
    ["timeout -k 1 --signal=KILL 5s ufw status", "ufw"],
    ["sudo env A=1 timeout --foreground 9 firewall-cmd --reload", "firewall-cmd"],
    ["ufw status >/dev/null 2>&1", "ufw"],
    [">/dev/null ufw status", "ufw"],
    ["2> /tmp/x ufw status", "ufw"],
    ["ufw allow 22 comment 'a; b' # more; here", "ufw"],
    ['ufw allow 22 comment "a | $KNOCK_IP"', "ufw"],
    ["ufw allow from $KNOCK_IP", "ufw"],
    ["ufw allow a\\;b", "ufw"],
    ["iptables -I INPUT -s 192.0.2.7 -j ACCEPT", "iptables"],
    ["/etc/knockd/open.sh 192.0.2.7", "open.sh"],
    ["sh -c 'ufw status'", "sh"],
    ["echo a", "echo"],
  ])("%s", (text, kind) => expect(commandKind(text)).toBe(kind));
});

describe("a text that is not one simple command has the kind sh:", () => {
  test.each([
    "ufw status; ufw status",
    "ufw status && true",
    "ufw status | grep x",
    "ufw status &",
    "(ufw status)",
    "{ ufw status; }",
    "! ufw status",
    "if true; then ufw status; fi",
    "ufw allow from $(cat list)",
    "ufw allow from `cat list`",
    'ufw allow from "$(cat list)"',
    "ufw status <<x",
    "ufw status\nufw status",
    "$TOOL status",
    "eval ufw status",
    ". /etc/knockd/open.sh",
    "env -S 'ufw status'",
    "env -iS 'ufw status'",
    "env --split-string='ufw status'",
    "ufw 'unfinished",
    "A=1",
    "sudo",
    "timeout 5",
    "# nothing",
    "",
  ])("%s", (text) => expect(commandKind(text)).toBe("sh"));
});

describe("a lane", () => {
  test.each([
    ["iptables -L", undefined, undefined],
    ["sudo ip6tables-legacy -L", undefined, undefined],
    ["nft list ruleset", undefined, undefined],
    ["ipset list", undefined, undefined],
    ["ip route", undefined, undefined],
    ["iptables-restore /x", undefined, "iptables-restore"],
    ["iptables -L; ufw status", undefined, "sh"],
    ["ufw status", undefined, "ufw"],
    ["ufw status", "no", undefined],
    ["iptables -L", "ufw", "ufw"],
  ])("of %s with serial = %s is %s", (text, serial, lane) =>
    expect(laneOf(text, serial)).toBe(lane),
  );
});

test("whatever the text, a shell that finds its kind runs that program first", () => {
  const word = fc.constantFrom(
    ...[
      "ufw",
      "tool",
      "'tool'",
      "a=b",
      "sudo",
      "-n",
      "-u",
      "x",
      "env",
      "-i",
      "timeout",
      "5",
      "2>&1",
    ],
    ...[
      ">/dev/null",
      "&&",
      ";",
      "|",
      "#",
      "$(",
      ")",
      '"a b"',
      "\\",
      "'",
      "`",
      "\n",
      "{",
      "if",
      "!",
    ],
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 8 }).map((words) => words.join(" ")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const kind = commandKind(text);
      expect(kind).not.toBe("");
      expect(kind).not.toContain("/");
      if (kind === "sh") return;
      // One simple command stays one with a word more; two commands in it would run beside each other.
      expect(commandKind(`${text} `)).toBe(kind);
      expect(commandKind(`A=1 ${text}`)).toBe(kind);
      expect(commandKind(`sudo -n ${text}`)).toBe(kind);
      if (!text.includes("#")) expect(commandKind(`${text}; ${text}`)).toBe("sh");
    }),
    { numRuns: 2000 },
  );
});

test("what has a kind is what a shell takes for one command", () => {
  const word = fc.constantFrom(
    ...[
      "tool",
      "'a b'",
      "A=1",
      "x",
      ">/dev/null",
      "&&",
      ";",
      "|",
      "#",
      '"q"',
      "(",
      ")",
      "&",
      "2>&1",
    ],
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const text = words.join(" ");
      if (commandKind(text) !== "tool") return;
      // Counts the runs of the program.
      const script = `tool() { echo tool; }; x() { echo x; }; ${text.replaceAll(">/dev/null", ">&1")}`;
      const { stdout } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" });
      expect(stdout).toBe("tool\n");
    }),
    { numRuns: 60 },
  );
});
