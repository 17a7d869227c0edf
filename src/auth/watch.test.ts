import { beforeEach, describe, expect, test } from "vitest";
import { KnockDevice, stunRequest } from "../../test/support/knock-device.ts";
import { address } from "../../test/support/packets.ts";
import type { WallTime } from "../base/time.ts";
import { monotonic, wallTime } from "../base/time.ts";
import { Authenticator } from "./authenticator.ts";
import type { HintedKey } from "./hints.ts";
import type { WatchedDevice } from "./watch.ts";
import { DeviceWatch } from "./watch.ts";

const wall = 1_800_000_000_000;
const hour = 3_600_000;
const source = address("192.0.2.7");
const alice = new KnockDevice("alice/laptop");
const bob = new KnockDevice("bob/phone");

let authenticator: Authenticator<HintedKey>;
let device: (WatchedDevice & { readonly name: string }) | undefined;
let watch: DeviceWatch;
/** Milliseconds since the watch began. */
let elapsed: number;
beforeEach(() => {
  elapsed = 0;
  authenticator = new Authenticator(120_000);
  use(false);
  watch = new DeviceWatch([alice.lock], instant(), {
    device: () => device,
    authenticator,
  });
});

function use(disabled: boolean, expires?: WallTime): void {
  device = { name: alice.name, locks: [alice.lock], disabled, expires };
  const keys = disabled ? [] : [{ lock: alice.lock, expires }];
  authenticator.setKeys([...keys, { lock: bob.lock }]);
}

const instant = () => ({ now: monotonic(1000 + elapsed), wall: wallTime(wall + elapsed) });

/** Has a packet judged, and explained. */
function send(packet: Uint8Array) {
  const judgement = authenticator.judge(packet, source, instant());
  return watch.explain(judgement, packet, instant());
}

const key = alice.lock.id;

describe("a watched device", () => {
  test.each([26, 9, 1, -1, -9, -26])("is found with a clock %s hours off", (hours) => {
    const offset = hours * hour;
    expect(send(alice.packet(wall + offset))).toEqual({ key, check: "clock", offset });
    expect(send(stunRequest(alice.packet(wall + offset, { slot: 3 })))).toEqual({
      ...{ key, check: "clock", offset },
    });
  });

  test("is not found further off, and others are not found at all", () => {
    expect(send(alice.packet(wall + 27 * hour))).toBeUndefined();
    expect(send(alice.packet(wall - 27 * hour))).toBeUndefined();
    expect(send(bob.packet(wall + hour))).toBeUndefined();
    expect(send(Buffer.alloc(144))).toBeUndefined();
    expect(send(Buffer.alloc(20))).toBeUndefined();
  });

  test("has a used time refused as replay, never for its clock", () => {
    const packet = alice.packet(wall);
    expect(send(packet)).toBeUndefined();
    elapsed = 10 * 60_000;
    expect(send(packet)).toEqual({ key, check: "replay", offset: -elapsed });
    expect(send(alice.packet(wall + 1))).toMatchObject({ check: "clock" });
  });

  test("does not use a time: what was searched may still open", () => {
    const packet = alice.packet(wall + hour);
    expect(send(packet)).toMatchObject({ check: "clock" });
    elapsed = hour;
    expect(authenticator.judge(packet, source, instant()).kind).toBe("authentic");
  });

  test("is told of a bad tag, a bad nonce or signature, and of copies", () => {
    const flipped = (packet: Buffer, at: number) => {
      packet[at] = (packet[at] ?? 0) ^ 1;
      return packet;
    };
    const offset = undefined;
    expect(send(flipped(alice.packet(wall + hour), 130))).toEqual({ key, check: "tag", offset });
    expect(send(flipped(alice.packet(wall), 130))).toEqual({ key, check: "tag", offset });
    const packet = alice.packet(wall);
    expect(send(packet)).toBeUndefined();
    expect(send(packet)).toEqual({ key, check: "repeated", offset });
    const forger = new KnockDevice("alice/laptop");
    Object.assign(forger, { key: { ...alice.key, privateKey: bob.key.privateKey } });
    use(true);
    expect(send(forger.packet(wall + 5))).toMatchObject({ key, check: "signature" });
  });

  test("is told that it is disabled, removed or has expired", () => {
    use(true);
    expect(send(alice.packet(wall))).toEqual({ key, check: "disabled", offset: 0 });
    use(false, wallTime(wall));
    expect(send(alice.packet(wall))).toEqual({ key, check: "expired", offset: 0 });
    use(true);
    device = undefined;
    expect(send(alice.packet(wall))).toEqual({ key, check: "disabled", offset: 0 });
  });

  test("is looked for ten times a second at most, by the monotonic clock", () => {
    const packet = alice.packet(wall + hour);
    const found = (count: number) =>
      Array.from({ length: count }, () => send(packet)).filter((one) => one !== undefined).length;
    expect(found(30)).toBe(10);
    elapsed = 1000;
    expect(found(30)).toBe(10);
    elapsed = 1100;
    expect(found(30)).toBe(1);
  });
});
