import { describe, expect, test } from "vitest";
import { parseConfig } from "./parse.ts";

/** The warnings of a file, which must be good otherwise. */
function warnings(text: string): string[] {
  const { config, problems } = parseConfig(text);
  expect(config).toBeDefined();
  return problems.map(({ line, column, message, hint }) =>
    [`${line}:${column}: ${message}`, ...(hint === undefined ? [] : [hint])].join(" | "),
  );
}

function door(...lines: string[]): string {
  const usual = ["sequence = 3,1,2", "tcpflags = syn", "command = true"];
  return ["[x]", ...usual, ...lines].join("\n");
}

const ascend = "the ports of 'x' ascend: a plain port scan knocks them in this order";

describe("a trap is told with its place", () => {
  test.each([
    ["no door", "", "1:1: no doors: nothing will ever be opened"],
    [
      "options that knockd takes for a door",
      `${door()}\n[Options]`,
      "5:1: [Options] is read as [options]; in knockd 0.8 it would be a door",
    ],
    [
      "an en dash in a command",
      door("stop_command = iptables –dport 22"),
      '5:25: "–dport" begins with a typographic dash | was -- or - meant?',
    ],
    [
      "a minus sign in another value",
      "[options]\nLogFile = −x\n[x]\nsequence = 2,1\ntcpflags = syn\ncommand = true",
      '2:11: "−x" begins with a typographic dash | was -- or - meant?',
    ],
    ["ascending ports", door("sequence = 7000,8000,9000"), `1:1: ${ascend} | shuffle them`],
    ["no time at all", door("seq_timeout = 0"), "1:1: seq_timeout is 0: 'x' can never be opened"],
    ["no command", "[x]\nsequence = 2:udp,1:udp", "1:1: 'x' runs no command"],
    [
      "empty commands only",
      "[x]\nsequence = 2:udp,1:udp\ncommand =\nstop_command =",
      "1:1: 'x' runs no command",
    ],
    [
      "no flags",
      "[x]\nsequence = 2,1:udp\ncommand = true",
      "1:1: 'x' has no tcpflags: any TCP packet to its ports counts, not only the first of a connection | tcpflags = syn",
    ],
  ])("%s", (_, text, warning) => expect(warnings(text)).toEqual([warning]));
});

describe("no trap is seen in", () => {
  test.each([
    ["a usual door", door()],
    ["one port", door("sequence = 7000")],
    ["a port that comes twice", door("sequence = 7000,7000")],
    ["UDP without flags", "[x]\nsequence = 2:udp,1:udp\ncommand = true"],
    ["one port and no time, where none can pass", door("sequence = 7000", "seq_timeout = 0")],
    ["a dash between words", door("stop_command = echo a – b")],
    ["a list of one-time sequences", "[x]\none_time_sequences = /a\ntcpflags=syn\ncommand = true"],
    ["a command for IPv6 alone", "[x]\nsequence = 1\ntcpflags = syn\ncommand_6 = true"],
  ])("%s", (_, text) => expect(warnings(text)).toEqual([]));
});
