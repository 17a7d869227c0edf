import { describe, expect, test } from "vitest";
import { address } from "../../../test/support/packets.ts";
import type { CommandTemplates, TemplateWords } from "./template.ts";
import { expandCommands } from "./template.ts";

const v4: TemplateWords = {
  door: "ssh",
  source: address("192.0.2.7"),
  knock: { port: 7000, protocol: "tcp" },
};
const v6: TemplateWords = { ...v4, source: address("2001:db8::7") };

describe("the commands for a source are", () => {
  const all = { start: "start", stop: "stop", start6: "start6", stop6: "stop6" };
  const { start6: _, ...noStart6 } = all;
  test.each<
    [string, CommandTemplates, [string, string?] | undefined, [string, string?] | undefined]
  >([
    ["those of its family", all, ["start", "stop"], ["start6", "stop6"]],
    ["the same where IPv6 has none of its own", { start: "a", stop: "b" }, ["a", "b"], ["a", "b"]],
    ["mixed where only one is of its own", noStart6, ["start", "stop"], ["start", "stop6"]],
    [
      "none for IPv6 if its own is empty, not even to stop",
      { ...all, start6: "" },
      ["start", "stop"],
      undefined,
    ],
    [
      "none for IPv4 if there is one for IPv6 only",
      { start6: "a", stop6: "b" },
      undefined,
      ["a", "b"],
    ],
    ["none where there is no start command", { stop: "b" }, undefined, undefined],
    ["without a stop where there is none", { start: "a" }, ["a"], ["a"]],
    ["without a stop where it is empty", { start: "a", stop: "" }, ["a"], ["a"]],
    [
      "without a stop for IPv6 where that is empty",
      { ...all, stop6: "" },
      ["start", "stop"],
      ["start6"],
    ],
  ])("%s", (_, templates, forV4, forV6) => {
    const commands = (words: TemplateWords) => {
      const expanded = expandCommands(templates, words);
      if (expanded === undefined) return undefined;
      return [expanded.start, ...(expanded.stop === undefined ? [] : [expanded.stop])];
    };
    expect(commands(v4)).toEqual(forV4);
    expect(commands(v6)).toEqual(forV6);
  });
});

describe("in a command", () => {
  test.each<[string, string, string]>([
    ["%IP% is the address, each time", "a %IP% b %IP%/32", "a 192.0.2.7 b 192.0.2.7/32"],
    ["the other words are what they say", "%DOOR% %PORT% %PROTO%", "ssh 7000 tcp"],
    [
      "%ip% and unknown words stay as they are",
      "%ip% %x% %IPX% % %% date +%s",
      "%ip% %x% %IPX% % %% date +%s",
    ],
    ["shell text stays as it is", `echo '$HOME' "$1" \\& ; # $&`, `echo '$HOME' "$1" \\& ; # $&`],
    ["words may touch", "%IP%%PORT%%%IP%%", "192.0.2.77000%192.0.2.7%"],
  ])("%s", (_, template, expanded) => {
    const templates = { start: template, stop: template };
    expect(expandCommands(templates, v4)).toEqual({ start: expanded, stop: expanded });
  });

  test("an IPv6 address is written as RFC 5952 asks", () => {
    expect(expandCommands({ start: "%IP%" }, v6)?.start).toBe("2001:db8::7");
  });

  test("a door's name is not expanded again, nor taken for a pattern", () => {
    const words = { ...v4, door: "$& %IP% $1" };
    expect(expandCommands({ start: "%DOOR%" }, words)?.start).toBe("$& %IP% $1");
  });

  test("the port and the protocol are nothing where an administrator opens, not a packet", () => {
    const words = { ...v4, knock: undefined };
    expect(expandCommands({ start: "a %PORT%/%PROTO% %IP%" }, words)?.start).toBe("a / 192.0.2.7");
    const device = { ...words, who: "alice/laptop" };
    expect(expandCommands({ start: "a %WHO%", stop: "b %WHO%" }, device)).toEqual({
      ...{ start: "a alice/laptop", stop: "b alice/laptop" },
    });
    expect(expandCommands({ start: "a '%WHO%'" }, words)?.start).toBe("a ''");
  });

  test("there may be any number of characters", () => {
    const long = "x".repeat(100_000);
    expect(expandCommands({ start: `${long}%IP%` }, v4)?.start).toBe(`${long}192.0.2.7`);
  });
});
