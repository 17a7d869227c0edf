import { describe, expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import type { Network } from "../base/address.ts";
import { Address, parseNetwork } from "../base/address.ts";
import { wallTime } from "../base/time.ts";
import type { AccessDecision, DeviceRights, KeyDoor } from "./rights.ts";
import { decideAccess } from "./rights.ts";

const now = wallTime(1_000_000);
const minute = 60_000;
const alice: DeviceRights = {
  ...{ name: "alice/laptop", groups: ["admins"], expires: undefined, allow: undefined },
  ...{ requireAddress: false, elsewhere: [], disabled: false },
};
const ssh: KeyDoor = {
  ...{ name: "ssh", users: ["alice"], allow: undefined, deny: [] },
  ...{ usual: 10 * minute, longest: 60 * minute },
};
const home = address("192.0.2.7");
const none = new Address(0, 0, 0, 0);

function networks(...texts: string[]): Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}

interface RightsFacts {
  readonly device?: Partial<DeviceRights>;
  readonly door?: Partial<KeyDoor> | "none";
  readonly source?: string;
  readonly named?: Address;
  readonly seconds?: number;
}

function decide({ device, door, source = "192.0.2.7", named = none, seconds = 0 }: RightsFacts) {
  const decision: AccessDecision = decideAccess(
    { ...alice, ...device },
    {
      request: { seconds, address: named },
      source: address(source),
      door: door === "none" ? undefined : { ...ssh, ...door },
    },
    now,
  );
  return decision.kind === "granted" ? decision : decision.check;
}

describe("a device gets", () => {
  test.each<[string, RightsFacts, number, Address]>([
    ["the usual time for its source", {}, 10 * minute, home],
    ["the time it asks for", { seconds: 60 }, minute, home],
    ["no more than the longest", { seconds: 16_777_215 }, 60 * minute, home],
    ["no more than it has left", { device: { expires: wallTime(now + 5000) } }, 5000, home],
    ["the address it names, if that is its source", { named: home }, 10 * minute, home],
    [
      "another address that it may open for",
      { device: { elsewhere: networks("203.0.113.0/28") }, named: address("203.0.113.3") },
      10 * minute,
      address("203.0.113.3"),
    ],
    ["a door for its device alone", { door: { users: ["alice/laptop"] } }, 10 * minute, home],
    ["a door for its group", { door: { users: ["bob", "@admins"] } }, 10 * minute, home],
    ["a door for its address", { door: { allow: networks("192.0.2.0/24") } }, 10 * minute, home],
  ])("%s", (_, facts, length, opened) => {
    const decision = decide(facts);
    expect(decision).toMatchObject({ kind: "granted", length });
    expect(typeof decision === "object" && decision.address.equals(opened)).toBe(true);
  });
});

describe("a packet is refused as", () => {
  test.each<[string, RightsFacts, string]>([
    ["the device is disabled", { device: { disabled: true, expires: now } }, "disabled"],
    ["the device has expired", { device: { expires: now } }, "expired"],
    ["its source is not allowed", { device: { allow: networks("198.51.100.0/24") } }, "source"],
    ["it names no address and must", { device: { requireAddress: true } }, "address"],
    ["it names another address", { named: address("192.0.2.8") }, "address"],
    ["it names an address of the other family", { named: address("2001:db8::7") }, "address"],
    [
      "it names a group of hosts",
      { device: { elsewhere: networks("224.0.0.0/4") }, named: address("224.0.0.1") },
      "address",
    ],
    [
      "it names a broadcast",
      { device: { elsewhere: networks("0.0.0.0/0") }, named: address("255.255.255.255") },
      "address",
    ],
    [
      "it names a multicast address of IPv6",
      { device: { elsewhere: networks("::/0") }, named: address("ff02::1") },
      "address",
    ],
    ["there is no such door", { door: "none" }, "door"],
    ["the device is not among the users", { door: { users: ["alice/phone", "@staff"] } }, "door"],
    ["the door denies the address", { door: { deny: networks("192.0.2.7") } }, "door"],
    ["the door allows others", { door: { allow: networks("10.0.0.0/8") } }, "door"],
    [
      "the door denies the address that is named, not the source",
      {
        device: { elsewhere: networks("203.0.113.3") },
        door: { allow: networks("192.0.2.0/24") },
        named: address("203.0.113.3"),
      },
      "door",
    ],
  ])("%s", (_, facts, check) => {
    expect(decide(facts)).toBe(check);
  });
});
