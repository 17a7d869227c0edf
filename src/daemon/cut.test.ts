import { expect, test } from "vitest";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { address } from "../../test/support/packets.ts";
import { formatServices } from "../base/service.ts";
import { parseConfig } from "../config/parse.ts";
import type { CutRequest } from "./cut.ts";
import { cutTargets } from "./cut.ts";

const doors = (text: string) => {
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("not a configuration");
  return config.doors;
};
const native = "[vpn]\nsequence = 1,3,2\nopen = udp/51820, tcp/22\n";
const command = "[web]\nsequence = 4,6,5\ncommand = true\n";
const alice = address("192.0.2.7");

const cut = (request: Partial<CutRequest>) =>
  cutTargets({
    closed: [],
    address: undefined,
    doors: doors(native + command),
    protectedServices: [{ protocol: "tcp", port: 80 }],
    namesDoor: false,
    ...request,
  }).map(({ source, services }) => `${source} ${services ? formatServices(services) : "all"}`);

test("of the leases that were closed the connections to their services go", () => {
  const closed = [byKernel(), byCommands({ source: address("2001:db8::7") })];
  expect(cut({ closed })).toEqual(["192.0.2.7 tcp/22", "2001:db8::7 all"]);
  expect(cut({})).toEqual([]);
});

test("of an address those to all that doors open and knockd protects go, without a lease", () => {
  expect(cut({ address: alice })).toEqual(["192.0.2.7 udp/51820, tcp/22, tcp/80"]);
  expect(cut({ address: alice, closed: [byKernel()] })).toEqual([
    "192.0.2.7 tcp/22, udp/51820, tcp/80",
  ]);
});

test("of an address and a door those to what this door opens go", () => {
  const named = { address: alice, namesDoor: true, protectedServices: [] };
  expect(cut({ ...named, doors: doors(native) })).toEqual(["192.0.2.7 udp/51820, tcp/22"]);
  expect(cut({ ...named, doors: doors(command) })).toEqual(["192.0.2.7 all"]);
});

test("where commands opened for the address, all its connections go, counted once", () => {
  const closed = [byKernel(), byCommands()];
  expect(cut({ address: alice, closed })).toEqual(["192.0.2.7 all"]);
});
