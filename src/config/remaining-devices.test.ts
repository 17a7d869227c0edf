import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyDoor } from "../auth/rights.ts";
import { decideAccess } from "../auth/rights.ts";
import { Address, parseAddress } from "../base/address.ts";
import { wallTime } from "../base/time.ts";
import { makeKey } from "../knock/keys.ts";
import { remainingDevices } from "./remaining-devices.ts";
import type { Device } from "./users.ts";
import { parseUsers } from "./users.ts";

const { lock } = makeKey(new Uint8Array(64).fill(1));
const broken = "[bob/phone]\n";
const now = wallTime(Date.UTC(2027, 2, 20, 12));

/** Reads a users file quickly: its key is known. */
const known = parseUsers(`[alice/laptop]\nkey = ${lock}`).devices;
const read = (text: string) => parseUsers(text, known);

/** The device of a users file in which another section has an error, after one without any. */
function remaining(before: string, after: string): Device {
  const [device = expect.unreachable()] = remainingDevices(
    read(before).devices,
    read(after + broken),
  );
  return device;
}

function section(...lines: readonly string[]): string {
  return ["[alice/laptop]", `key = ${lock}`, ...lines, ""].join("\n");
}

const networks = ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.7", "198.51.100.0/25", "2001:db8::/32"];
const lists = fc.option(fc.subarray(networks, { minLength: 1 }).map((all) => all.join(", ")));
const groups = fc.option(fc.subarray(["admins", "staff"], { minLength: 1 }));

/** All lines of a section that give or take rights. */
const sections = fc
  .record({
    allow: lists,
    elsewhere: lists,
    groups: groups.map((all) => all?.join(", ")),
    require_address: fc.constantFrom("yes", "no"),
    expires: fc.option(fc.constantFrom("2027-03-19", "2027-03-20", "2027-04-30")),
    disabled: fc.constantFrom("no", "no", "yes"),
  })
  .map((all) =>
    section(...Object.entries(all).flatMap(([key, value]) => (value ? [`${key} = ${value}`] : []))),
  );

const addresses = fc
  .constantFrom("192.0.2.7", "192.0.2.8", "198.51.100.9", "203.0.113.1", "2001:db8::7", "::")
  .map((text) => parseAddress(text) ?? expect.unreachable());

const doors = fc.constantFrom(["alice"], ["@admins"], ["@staff"], ["bob"]).map((users): KeyDoor => {
  return { name: "ssh", users, allow: undefined, deny: [], usual: 3_600_000, longest: 1e9 };
});

test("a file with an error leaves exactly the rights that both files give", () => {
  const knocks = fc.record({ source: addresses, address: addresses, door: doors });
  fc.assert(
    fc.property(sections, sections, knocks, (before, after, { source, address, door }) => {
      fc.pre(source.toString() !== "::");
      const { w0, w1, w2, w3 } = address;
      const asked = { request: { seconds: 0, address: new Address(w0, w1, w2, w3) }, source, door };
      const decide = (device: Device | undefined) =>
        decideAccess(device ?? expect.unreachable(), asked, now);
      const given = [before, after].map((text) => decide(read(text).devices[0]));
      const left = decide(remaining(before, after));
      const lengths = given.map((one) => (one.kind === "granted" ? one.length : 0));
      expect(left.kind === "granted" ? left.length : 0).toBe(Math.min(...lengths));
    }),
    { numRuns: 1000 },
  );
});

test("a device of fwknop whose user changes opens nothing until the file has no error", () => {
  const fwknop = (...lines: readonly string[]) =>
    ["[alice/laptop]", "fwknop_key = AQEB", "fwknop_hmac_key = AgIC", ...lines, ""].join("\n");
  const [any, alice, bob] = [fwknop(), fwknop("fwknop_user = alice"), fwknop("fwknop_user = bob")];
  expect(remaining(any, alice)).toMatchObject({ fwknopUser: "alice", fwknop: { hmac: "sha256" } });
  expect(remaining(alice, any)).toMatchObject({ fwknopUser: "alice", fwknop: { hmac: "sha256" } });
  expect(remaining(alice, bob).fwknop).toBeUndefined();
});
