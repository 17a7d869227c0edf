import { expect, test } from "vitest";
import { FwknopDevice } from "../../test/support/fwknop-device.ts";
import { address } from "../../test/support/packets.ts";
import { parseNetwork } from "../base/address.ts";
import { monotonic, wallTime } from "../base/time.ts";
import { FwknopAuthenticator } from "./fwknop.ts";
import type { WatchedFwknopDevice } from "./fwknop-watch.ts";
import { FwknopWatch } from "./fwknop-watch.ts";

const wall = 1_800_000_000_000;
const home = address("192.0.2.7");
const bob = new FwknopDevice("bob/phone");
const sound = { fwknop: bob.lock, disabled: false, expires: undefined, allow: undefined };

/** Judges packets as the daemon does, and explains the last. */
function explain(device: WatchedFwknopDevice | undefined, ...packets: readonly Uint8Array[]) {
  const instant = { now: monotonic(0), wall: wallTime(wall) };
  const by = new FwknopAuthenticator(120_000);
  const isTried = device !== undefined && !device.disabled;
  by.setKeys(isTried ? [{ ...device, lock: bob.lock, user: undefined }] : []);
  const watch = new FwknopWatch(bob.lock, instant, () => device);
  const told = packets.map((packet) => [by.judge(packet, home, instant), packet] as const);
  const [judgement, packet] = told.at(-1) ?? expect.unreachable();
  return watch.explain(judgement, packet, instant, home);
}

const packet = bob.packet({ time: wall + 5_000 });
const network = parseNetwork("10.0.0.0/8") ?? expect.unreachable();

test.each([
  ["disabled", { ...sound, disabled: true }],
  ["disabled", undefined],
  ["expired", { ...sound, expires: wallTime(wall) }],
  ["source", { ...sound, allow: [network] }],
])("a packet whose key is not tried is explained: %s", (check, device) => {
  expect(explain(device, packet)).toEqual({ key: bob.lock.id, check, offset: 5_000 });
});

test("a packet that comes when the tries are used up is explained", () => {
  const stranger = new FwknopDevice("eve/pc").packet({ time: wall });
  const flood = Array.from({ length: 200 }, () => stranger);
  expect(explain(sound, ...flood, packet)).toMatchObject({ check: "budget" });
});

test("a packet with the right key and another HMAC, or none, is explained", () => {
  for (const hmac of ["sha256", "sha384", "sha512"] as const) {
    const other = new FwknopDevice(bob.name, hmac, "another").packet({ time: wall });
    expect(explain(sound, other)).toEqual({ key: bob.lock.id, check: "hmac", offset: 0 });
  }
  const none = packet.subarray(0, -43);
  expect(explain(sound, none)).toMatchObject({ check: "hmac" });
});

test("others' packets, and what the log tells, are not explained", () => {
  expect(explain(sound, new FwknopDevice("eve/pc").packet({ time: wall }))).toBeUndefined();
  expect(explain(sound, Buffer.from("hello"))).toBeUndefined();
  expect(explain(sound, packet)).toBeUndefined();
  expect(explain(sound, packet, packet)).toBeUndefined();
});

test("ten packets a second are looked at", () => {
  const instant = { now: monotonic(0), wall: wallTime(wall) };
  const watch = new FwknopWatch(bob.lock, instant, () => sound);
  const judgement = { kind: "unauthenticated", carrier: "fwknop", check: "budget" } as const;
  const told = Array.from({ length: 20 }, () => watch.explain(judgement, packet, instant, home));
  expect(told.filter((one) => one !== undefined)).toHaveLength(10);
});
