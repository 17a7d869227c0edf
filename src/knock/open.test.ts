import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readKey, readLock } from "../../test/support/knock-keys.ts";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import { parseAddress } from "../base/address.ts";
import { hintLength, hintsOf } from "./hint.ts";
import type { Lock } from "./keys.ts";
import { doorId, parseLock } from "./keys.ts";
import { isSigned, openPacket } from "./open.ts";
import type { KnockMinute } from "./packet.ts";
import { knockMinute, knockTime, layout, minuteOf, packetLength, writeFields } from "./packet.ts";
import { deriveNonce, seal, signedText } from "./seal.ts";

const { input, keys, packet: packetText, refusedPackets, refusedLocks } = knockVectors;
const lock = readLock(keys.lock);
const key = readKey(keys.key);
const minute = knockMinute(Number(knockVectors.minute));
const packet = fromHex(packetText);
const freshness = Number(knockVectors.accepted.freshness);
const request = {
  time: knockTime(Number(input.time)),
  seconds: input.seconds,
  address: parseAddress(input.address) ?? expect.unreachable(),
  door: doorId(input.door),
};

const document = readFileSync(join(import.meta.dirname, "../../docs/knock-packet.md"), "utf8");

/** The minute, within Freshness of `now`, that has the hint of a packet. */
function findMinute(from: Lock, bytes: Buffer, now: number): KnockMinute | undefined {
  const around = Math.ceil(freshness / 60_000_000);
  const middle = minuteOf(knockTime(now));
  for (let one = middle - around; one <= middle + around; one++) {
    const hints = hintsOf(from.keys, knockMinute(one)).toString("hex");
    const at = hints.indexOf(bytes.toString("hex", ...layout.hint));
    if (at >= 0 && at % (2 * hintLength) === 0) return knockMinute(one);
  }
  return undefined;
}

/** The checks of a server in their order, without limits and rights. */
function take(from: Lock, bytes: Buffer, now: number, used: readonly number[]): string {
  if (bytes.length !== packetLength) return "form";
  const found = findMinute(from, bytes, now);
  if (found === undefined) return "hint";
  const opened = openPacket(from, found, bytes);
  if (typeof opened === "string") return opened;
  const { time } = opened.request;
  if (Math.abs(time - now) > freshness) return "clock";
  if (used.includes(time)) return "replay";
  return isSigned(from, opened) ? "ok" : "signature";
}

describe("the frozen packet", () => {
  test("has every value of the vector", () => {
    const hints = hintsOf(lock.keys, minute);
    expect(hints.toString("hex")).toBe(knockVectors.hints.join(""));
    const hint = packet.subarray(...layout.hint);
    const fields = writeFields(request);
    expect(Buffer.from(fields).toString("hex")).toBe(knockVectors.fields);
    expect(signedText(lock.keys, hint, fields).toString("hex")).toBe(knockVectors.signed);
    const nonce = deriveNonce(lock.keys, hint, fromHex(knockVectors.plaintext));
    expect(nonce.toString("hex")).toBe(knockVectors.nonce);
    expect(minuteOf(request.time)).toBe(minute);
  });

  test("is made byte for byte", () => {
    expect(seal(key, request, input.slot).toString("hex")).toBe(packetText);
  });

  test("stands in docs/knock-packet.md", () => {
    const lines = packetText.match(/.{1,64}/g)?.map((line) => `    ${line}\n`);
    expect(document).toContain(lines?.join(""));
  });

  test("is read", () => {
    const opened = openPacket(lock, minute, packet);
    if (typeof opened === "string") expect.unreachable(opened);
    expect(opened.request).toEqual({
      ...request,
      address: expect.objectContaining({ w3: 0xc0000207 }),
    });
    expect(isSigned(lock, opened)).toBe(true);
    expect(take(lock, packet, Number(knockVectors.accepted.now), [])).toBe("ok");
  });
});

describe("a server", () => {
  test.each(refusedPackets)("refuses: $name", ({ packet, lock, now, used, expected }) => {
    const from = readLock(lock ?? keys.lock);
    expect(take(from, fromHex(packet), Number(now), used.map(Number))).toBe(expected);
  });

  test("refuses each of the 1,152 flipped bits", () => {
    for (let bit = 0; bit < 8 * packetLength; bit++) {
      const flipped = Buffer.from(packet);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(take(lock, flipped, request.time, [])).toBe(bit < 64 ? "hint" : "tag");
      // Even if the hint were found, it is part of what the tag covers.
      expect(openPacket(lock, minute, flipped)).toBe("tag");
    }
  });

  test("takes a packet without a private key under the identity: hence that lock is refused", () => {
    const weak = refusedLocks.find((one) => one.forgedPacketThatThisLockWouldAccept);
    const forged = fromHex(weak?.forgedPacketThatThisLockWouldAccept ?? expect.unreachable());
    const identity = fromHex(`302a300506032b6570032100${"01".padEnd(64, "0")}`);
    const publicKey = createPublicKey({ key: identity, format: "der", type: "spki" });
    expect(take({ ...lock, publicKey }, forged, request.time, [])).toBe("ok");
    expect(take(lock, forged, request.time, [])).toBe("signature");
    expect(parseLock(weak?.lock ?? "")).toBe("small order");
  });
});
