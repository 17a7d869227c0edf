import { expect, test } from "vitest";
import { formatHook, parseHook } from "./hook.ts";

test.each([
  ["logger %IP%", { kind: "command", text: "logger %IP%" }],
  ["/usr/bin/mail -s http://x", { kind: "command", text: "/usr/bin/mail -s http://x" }],
  ["https://chat.example/a?b#c", { kind: "webhook", url: "https://chat.example/a?b#c" }],
  ["HTTPS://Chat.example", { kind: "webhook", url: "https://chat.example/" }],
  ["http://127.0.0.1:8080/x", { kind: "webhook", url: "http://127.0.0.1:8080/x" }],
  ["http://[::1]/", { kind: "webhook", url: "http://[::1]/" }],
])("%s is a hook", (text, value) => {
  expect(parseHook(text)).toEqual({ value });
});

test.each([
  ["", /expected/],
  ["a\0b", /NUL/],
  ["https://", /cannot be read/],
  ["https://a b/", /cannot be read/],
  ["http://chat.example/", /other hosts/],
  ["http://127.0.0.1.example/", /other hosts/],
])("%j is none", (text, problem) => {
  expect(parseHook(text)).toMatchObject({ problem: expect.stringMatching(problem) });
});

test("a web address is shown without what may be a secret", () => {
  const url = "https://user:secret@chat.example:8443/secret?secret";
  expect(formatHook({ kind: "webhook", url })).toBe("https://chat.example:8443/…");
});
