import { beforeEach, describe, expect, test } from "vitest";
import { readLock } from "../../test/support/knock-keys.ts";
import { knockVectors } from "../../test/support/knock-vectors.ts";
import { Address, parseAddress } from "../base/address.ts";
import { hintLength, hintsOf } from "../knock/hint.ts";
import { doorId } from "../knock/keys.ts";
import { isSigned, openPacket } from "../knock/open.ts";
import type { KnockRequest } from "../knock/packet.ts";
import { knockMinute, slotsPerMinute } from "../knock/packet.ts";
import { keySteps } from "./key-steps.ts";
import type { KeyProfile } from "./profile.ts";
import { SecretText } from "./secret-text.ts";

const lock = readLock(knockVectors.keys.lock);

const home: KeyProfile = {
  name: "home",
  host: "gate",
  key: new SecretText(knockVectors.keys.key),
  knockPort: 23547,
  doors: ["ssh"],
};

/** Reads a packet as a server does whose clock is right: what it asks for, and its slot. */
function read(packet: Uint8Array | undefined): KnockRequest & { readonly slot: number } {
  if (packet === undefined) throw new Error("no packet");
  const now = Math.floor(Date.now() / 60_000);
  for (const minute of [now - 1, now, now + 1].map(knockMinute)) {
    const hints = hintsOf(lock.keys, minute);
    for (let slot = 0; slot < slotsPerMinute; slot++) {
      const hint = hints.subarray(slot * hintLength, (slot + 1) * hintLength);
      if (!hint.equals(packet.subarray(0, hintLength))) continue;
      const opened = openPacket(lock, minute, packet);
      if (typeof opened === "string" || !isSigned(lock, opened)) throw new Error("not ours");
      return { ...opened.request, slot };
    }
  }
  throw new Error("unknown hint");
}

function sealOne(changes: Partial<KeyProfile>, source = "10.0.0.7") {
  const [step] = keySteps({ ...home, ...changes });
  return read(step?.seal?.(source));
}

test("a packet for each door, by UDP, that says what the profile says", () => {
  const steps = keySteps({ ...home, doors: ["ssh", "open SSH"], openFor: 28_800 });
  expect(steps.map(({ number, protocol, text }) => [number, protocol, text])).toEqual([
    [23547, "udp", "23547 for ssh"],
    [23547, "udp", "23547 for open SSH"],
  ]);
  const requests = steps.map(({ seal }) => read(seal?.("10.0.0.7")));
  expect(requests).toMatchObject([
    { door: doorId("ssh"), seconds: 28_800 },
    { door: doorId("open SSH"), seconds: 28_800 },
  ]);
  expect(sealOne({}).seconds).toBe(0);
});

test("no two packets of a process have one time, and slots take turns", () => {
  const packets = Array.from({ length: 9 }, () => sealOne({}));
  for (const [i, { time, slot }] of packets.entries()) {
    const before = packets[i - 1];
    if (before === undefined) continue;
    expect(time).toBeGreaterThan(before.time);
    expect(slot).toBe((before.slot + 1) % slotsPerMinute);
  }
  expect(Math.abs(Number(packets[0]?.time) / 1000 - Date.now())).toBeLessThan(60_000);
});

describe("the address in a packet", () => {
  const zero = new Address(0, 0, 0, 0);
  const explicit = parseAddress("198.51.100.9") ?? zero;
  const cases: [KeyProfile["openedAddress"], string, string | undefined][] = [
    [undefined, "1.2.3.4", "1.2.3.4"],
    ["auto", "1.2.3.4", "1.2.3.4"],
    ["auto", "2a00:1450::7", "2a00:1450::7"],
    ["auto", "10.77.0.2", undefined],
    ["auto", "fe80::1%eth0", undefined],
    ["auto", "::1", undefined],
    ["any", "1.2.3.4", undefined],
    [explicit, "1.2.3.4", "198.51.100.9"],
    [explicit, "2a00:1450::7", "198.51.100.9"],
  ];
  test.each(cases)("Address %s from %s", (openedAddress, source, text) => {
    const wanted = (text === undefined ? undefined : parseAddress(text)) ?? zero;
    const { w0, w1, w2, w3 } = wanted;
    const changes = openedAddress === undefined ? {} : { openedAddress };
    expect(sealOne(changes, source).address).toEqual({ w0, w1, w2, w3 });
  });
});

describe("a damaged key", () => {
  let text: string;
  beforeEach(() => {
    const { key } = knockVectors.keys;
    text = `${key.slice(0, 20)}${key[20] === "A" ? "B" : "A"}${key.slice(21)}`;
  });

  test("is an error that does not show it", () => {
    const damaged = { ...home, key: new SecretText(text) };
    expect(() => keySteps(damaged)).toThrow(
      expect.objectContaining({
        code: "CONFIG",
        message: "the Key of 'home' is damaged: its checksum is wrong",
        hints: ["import the sesame: line again, or ask for a new one"],
      }),
    );
    expect(JSON.stringify(damaged)).not.toContain(text.slice(6, 20));
  });
});
