import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainWords } from "./plain-words.ts";

test.each([
  "iptables -I INPUT -s 192.0.2.7 -p tcp --dport 22 -j ACCEPT",
  "/sbin/ip6tables  -A\tINPUT -s 2001:db8::7 -j ACCEPT ",
  "ipset add ssh 192.0.2.7,tcp:22 timeout 60",
  "logger --tag=knock opened",
])("%s needs no shell", (text) => {
  expect(plainWords(text)).toEqual(text.trim().split(/\s+/));
});

test.each([
  "",
  " ",
  "A=1 iptables -L",
  "iptables -L; true",
  "iptables -L && true",
  "iptables -L > /tmp/x",
  "iptables -m comment --comment 'a b'",
  'iptables -m comment --comment "a"',
  "echo $KNOCK_IP",
  "ls *.conf",
  "ls ~",
  "ls [a]",
  "a {b,c}",
  "a\nb",
  "! true",
  "(true)",
  "a #b",
  "a\\ b",
  "echo a",
  ". ./file",
  ": nothing",
])("%j needs one, or nothing is to be done", (text) => {
  expect(plainWords(text)).toBeUndefined();
});

const shells = [
  ["bash", "compgen -bk"],
  // The names that it takes itself are answered without a path.
  [
    "dash",
    "for w in . : alias bg break cd chdir command continue echo eval exec exit export false fg " +
      "getopts hash jobs kill local printf pwd read readonly return set shift test times trap true type " +
      "ulimit umask unalias unset wait; do command -v $w; done",
  ],
] as const;

describe.each(shells)("what %s understands by itself", (shell, list) => {
  const { stdout } = spawnSync(shell, ["-c", list], { encoding: "utf8" });
  const words = stdout.split("\n").filter((word) => /^[\w.:]+$/.test(word));

  test("is left to it", () => {
    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((word) => plainWords(`${word} x`) !== undefined)).toEqual([]);
  });
});

test("a shell makes the same words of it", () => {
  const word = fc.stringMatching(/^[a-zA-Z0-9_@%+:,./=-]+$/);
  const blanks = fc.stringMatching(/^[ \t]+$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, blanks), { minLength: 1, maxLength: 8 }), (parts) => {
      const text = `printer ${parts.flat().join("")}`;
      const { stdout } = spawnSync("sh", ["-c", `printer() { printf '%s\\n' "$@"; }; ${text}`], {
        encoding: "utf8",
      });
      expect(plainWords(text)?.slice(1)).toEqual(stdout.split("\n").slice(0, -1));
    }),
    { numRuns: 50 },
  );
});
