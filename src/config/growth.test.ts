// Whoever writes the file is root, and yet a file that is damaged must not stop a daemon that reads it again.
import { describe, expect, test } from "vitest";
import { cpuTime } from "../../test/support/cpu-time.ts";
import { growth } from "../../test/support/growth.ts";
import { parseConfig } from "./parse.ts";

/** Between one that grows with the length (1) and one that grows with its square (2). */
const square = 1.75;

const door = "[x]\nsequence = 2,1\n";

describe("reading takes as long as the file is, with many", () => {
  test.each<[string, (amount: number) => string]>([
    ["doors", (amount) => "[a]\n".repeat(amount)],
    ["blanks", (amount) => `[a]${" ".repeat(amount)}b`],
    ["keys", (amount) => `[a]\n${"x\n".repeat(amount)}`],
    ["one long key", (amount) => `[a]\n${"sequence ".repeat(amount)}`],
    ["number signs", (amount) => `[a]\nlogfile = ${" #".repeat(amount)}`],
    ["host names", (amount) => `${door}target = ${"a.".repeat(amount)}!`],
    ["targets", (amount) => `${door}target = ${"192.0.2.1, ".repeat(amount)}::1`],
    ["networks", (amount) => `${door}allow = ${"192.0.2.0/24, ".repeat(amount)}::1`],
    ["dashes", (amount) => `${door}command = ${"–".repeat(amount)}`],
  ])("%s", (_, make) => {
    expect(growth((amount) => parseConfig(make(amount)))).toBeLessThan(square);
  });

  // Some of these took the square of it once, or the fourth power.
  test.each<[string, (amount: number) => string]>([
    ["sections of options", (amount) => "[options]\n".repeat(amount)],
    ["comments behind brackets", (amount) => `[${"] #".repeat(amount)}\u2028x`],
    ["interfaces", (amount) => `[options]\ninterface = ${[...Array(amount).keys()].join()}`],
    ["iptables", (amount) => `${door}command = ${"iptables ".repeat(amount)}`],
    ["rules of iptables", (amount) => `${door}command = ${"iptables -A INPUT ".repeat(amount)}`],
    ["escaped quotes", (amount) => `${door}command = "${'\\"'.repeat(amount)}`],
    ["quotes in one another", (amount) => `${door}command = ${`'"`.repeat(amount)}`],
    ["placeholders", (amount) => `${door}command = ${"%ip".repeat(amount)}`],
    ["options", (amount) => `${door}command = iptables ${"! -s x ".repeat(amount)}`],
    ["commands", (amount) => `${door}command = ${"ufw allow 1;".repeat(amount)}`],
    ["rules of nft", (amount) => `${door}command = ${"nft add rule input ".repeat(amount)}`],
  ])("%s", (_, make) => {
    expect(growth((amount) => parseConfig(make(amount)))).toBeLessThan(square);
  });
});

test("300 doors of one sequence and one long target are compared in little time, and not all told", () => {
  const target = Array.from({ length: 50 }, (_, i) => `192.0.2.${i}`).join();
  const file = (step: (i: number) => number) =>
    Array.from(
      { length: 300 },
      (_, i) =>
        `[${i}]\nsequence = ${step(i)},1\ndecoys = 0\ntarget = ${target}\nopen = tcp/22\ntcpflags = syn\n`,
    ).join("");
  const time = (text: string) => cpuTime(() => void parseConfig(text));
  const [same, different] = [file(() => 2), file((i) => i + 2)];
  const ratios = [1, 2, 3].map(() => time(same) / time(different));
  expect(Math.min(...ratios)).toBeLessThan(4);
  expect(parseConfig(same).problems).toHaveLength(100);
});
