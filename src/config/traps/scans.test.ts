import { describe, expect, test } from "vitest";
import { decoyFacts } from "../../daemon/host/facts.ts";
import { parseConfig } from "../parse.ts";
import { findScanTraps } from "./scans.ts";

function traps(...lines: string[]): string[] {
  const { config, doorSections } = parseConfig(["", "[x]", "command = true", ...lines].join("\n"));
  if (config === undefined) throw new Error("the file cannot be used");
  return findScanTraps(config, doorSections, decoyFacts).map(
    ({ severity, line, column, message, hint }) =>
      `${severity} ${line}:${column}: ${message} | ${hint}`,
  );
}

const onePort =
  "warning 2:1: 'x' has one port: any packet to it opens the door, a scanner's too | three ports or more";
const often = (scans: number, hint: string) =>
  `warning 2:1: one port scan in random order of about ${scans} opens 'x' | ${hint}`;
const exposed =
  "warning 2:1: no decoys keep 'x' closed during a scan of all ports in their order | ports that are not next to one another";

describe("of what decoys cannot prevent, it is said that", () => {
  test.each([
    ["one port is no lock", ["sequence = 7000"], [onePort]],
    ["nor is one that comes twice", ["sequence = 7000,7000"], [onePort]],
    ["two ports are few", ["sequence = 7000:udp,9000"], [often(374, "three ports or more")]],
    ["few decoys are few", ["sequence = 7,9,8", "decoys = 9"], [often(440, "more decoys")]],
    ["the first ports have none before them", ["sequence = 3,4,5"], [exposed]],
    ["the last ones have none after them", ["sequence = 65534,65533,65532"], [exposed]],
    [
      "neighbours need several",
      ["sequence = 7000,7001,7002", "decoys = 4"],
      [often(70, "more decoys"), exposed],
    ],
  ])("%s", (_, lines, expected) => expect(traps(...lines)).toEqual(expected));

  test.each([
    ["three ports", ["sequence = 7003,9140,8455"]],
    ["ascending ports", ["sequence = 7000,8000,9000"]],
    ["neighbours", ["sequence = 4,5,6"]],
    ["ports at both ends", ["sequence = 1,3,65535"]],
    ["a door without decoys, whose owner knows", ["sequence = 1,2", "decoys = 0"]],
    ["a list of sequences", ["one_time_sequences = /a"]],
  ])("%s: nothing", (_, lines) => expect(traps(...lines)).toEqual([]));
});

test("a thousand doors are looked through at once", () => {
  const doors = Array.from(
    { length: 1000 },
    (_, i) => `[d${i}]\nsequence = ${i + 1},${i + 2000}\ncommand = true\n`,
  );
  const { config, doorSections } = parseConfig(doors.join(""));
  if (config === undefined) throw new Error("the file cannot be used");
  expect(findScanTraps(config, doorSections, decoyFacts)).toHaveLength(1000);
});
