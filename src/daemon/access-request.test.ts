import { expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import type { DoorConfig } from "../config/config.ts";
import { parseConfig } from "../config/parse.ts";
import { requestAccess } from "./access-request.ts";

const alice = address("192.0.2.7");
const knock = { port: 9000, protocol: "tcp" } as const;

function door(...lines: string[]): DoorConfig {
  const [only] = parseConfig(["[ssh]", "sequence = 9000", ...lines].join("\n")).config?.doors ?? [];
  if (only === undefined) throw new Error("no door");
  return only;
}

test("a door with commands grants what they say, for its cmd_timeout", () => {
  const config = door(
    ...["start_command = open %IP% %PORT%", "stop_command = close %IP%", "cmd_timeout = 1m"],
    ...["user = nobody", "command_timeout = 5s", "again = rerun", "serial = no"],
  );
  expect(requestAccess({ config, nth: 2 }, alice, knock)).toEqual({
    access: {
      ...{ owner: { kind: "door", name: "ssh", nth: 2 }, source: alice, knock },
      method: {
        kind: "command",
        start: "open 192.0.2.7 9000",
        stop: "close 192.0.2.7",
        user: "nobody",
        timeout: 5000,
        serial: "no",
      },
    },
    length: 60_000,
    again: "rerun",
    rest: 1000,
  });
});

test.each([
  ["that nothing closes", ["rest = 5"], 5000],
  ["that a knock closes and opens again", ["stop_command = b", "again = rerun"], 1000],
  ["that a knock keeps open for longer", ["stop_command = b"], undefined],
])("a door of commands %s rests as long as it says", (_, lines, rest) => {
  const config = door("command = a", ...lines);
  expect(requestAccess({ config, nth: 1 }, alice, knock)?.rest).toBe(rest);
});

test("a door with one-time sequences never rests: a sequence that is used up opens", () => {
  const steps = { kind: "one-time", file: "/list" } as const;
  const config = { ...door("command = a", "rest = 5"), sequence: steps };
  expect(requestAccess({ config, nth: 1 }, alice, knock)).not.toHaveProperty("rest");
});

test("a native door grants its services, for its open_for", () => {
  const config = door("open = tcp/22, icmp", "open_for = 1h");
  const services = [{ protocol: "tcp", port: 22 }, { protocol: "icmp" }];
  expect(requestAccess({ config, nth: 1 }, alice, undefined)).toEqual({
    access: {
      ...{ owner: { kind: "door", name: "ssh", nth: 1 }, source: alice, knock: undefined },
      method: { kind: "native", services },
    },
    length: 3_600_000,
    again: "extend",
  });
});

test("a door that has nothing for a source grants nothing", () => {
  const config = door("start_command_6 = open", "stop_command_6 = close");
  expect(requestAccess({ config, nth: 1 }, alice, knock)).toBeUndefined();
  expect(requestAccess({ config, nth: 1 }, address("2001:db8::7"), knock)).toBeDefined();
});
