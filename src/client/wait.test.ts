import { expect, test } from "vitest";
import { formatWait, parseWait } from "./wait.ts";

const findService = (name: string) => (name === "ssh" ? 22 : undefined);

test.each([
  ["22", { port: 22, timeout: 5_000 }],
  ["tcp/22", { port: 22, timeout: 5_000 }],
  ["TCP/22, 10s", { port: 22, timeout: 10_000 }],
  ["ssh,500ms", { port: 22, timeout: 500 }],
  ["tcp/ssh,1m", { port: 22, timeout: 60_000 }],
])("%s is %j", (text, wait) => {
  expect(parseWait(text, findService)).toEqual(wait);
  expect(parseWait(formatWait(wait), findService)).toEqual(wait);
});

test.each([
  "",
  "0",
  "70000",
  "gopher",
  "icmp",
  "icmp/1",
  "22,",
  "22,0",
  "22,soon",
  "22,1s,2s",
  "tcp/22/1",
])("%j cannot be waited for", (text) => {
  expect(() => parseWait(text, findService)).toThrow(
    expect.objectContaining({ code: "USAGE", message: `cannot wait for '${text}'` }),
  );
});

test("a UDP service cannot be waited for", () => {
  expect(() => parseWait("udp/51820", findService)).toThrow(
    "whether a UDP port is open cannot be seen",
  );
});
