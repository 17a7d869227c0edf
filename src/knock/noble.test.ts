// @noble's primitives, which share no code with OpenSSL, make, read and refuse the same packets.
import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { OracleRequest, OracleServer } from "../../test/oracles/noble-knock.ts";
import {
  isKeyByNoble,
  openByNoble,
  publicKeyByNoble,
  sealByNoble,
} from "../../test/oracles/noble-knock.ts";
import { tries } from "../../test/support/effort.ts";
import { readKey, readLock } from "../../test/support/knock-keys.ts";
import { fromHex, knockVectors } from "../../test/support/knock-vectors.ts";
import { Address } from "../base/address.ts";
import { findPointFault } from "./ed25519-point.ts";
import { doorId, makeKey } from "./keys.ts";
import { isSigned, openPacket } from "./open.ts";
import type { KnockRequest } from "./packet.ts";
import { knockTime, minuteOf, readFields } from "./packet.ts";
import { seal } from "./seal.ts";

const { input, keys, packet, accepted, refusedPackets, refusedPublicKeys } = knockVectors;
const secret = fromHex(input.K);
const server: OracleServer = {
  secret,
  publicKey: fromHex(keys.publicKey),
  now: BigInt(accepted.now),
  freshness: BigInt(accepted.freshness),
  used: [],
};

/** The halves of a `lock1:` text. */
function halvesOf(lock: string): Pick<OracleServer, "secret" | "publicKey"> {
  const bytes = Buffer.from(lock.slice("lock1:".length), "base64url");
  return { secret: bytes.subarray(0, 32), publicKey: bytes.subarray(32, 64) };
}

describe("the vectors", () => {
  test("have the packet that @noble makes", () => {
    const address = fromHex(`${"0".repeat(20)}ffffc0000207`);
    const request = { time: BigInt(input.time), seconds: input.seconds, address, door: input.door };
    const made = sealByNoble(secret, fromHex(input.seed), request, input.slot);
    expect(Buffer.from(made).toString("hex")).toBe(packet);
    expect(openByNoble(server, made)).toEqual(Uint8Array.from(fromHex(knockVectors.fields)));
  });

  test.each(refusedPackets)("are refused by the same check: $name", (one) => {
    const { lock, now, used, expected } = one;
    const own = lock === undefined ? server : { ...server, ...halvesOf(lock) };
    const clock = { now: BigInt(now), used: used.map(BigInt) };
    expect(openByNoble({ ...own, ...clock }, fromHex(one.packet))).toBe(expected);
  });

  test("have public keys that @noble refuses, too", () => {
    for (const text of refusedPublicKeys)
      expect([text, isKeyByNoble(fromHex(text))]).toEqual([text, false]);
  });
});

test("random bytes are public keys for both, or for neither", () => {
  const judged = Array.from({ length: tries(300) }, () => {
    const bytes = randomBytes(32);
    return [isKeyByNoble(bytes), findPointFault(bytes) === undefined];
  });
  expect(judged.filter(([theirs, ours]) => theirs !== ours)).toEqual([]);
  // Half of all bytes are the y of a point.
  expect(judged.filter(([theirs]) => theirs).length).toBeGreaterThan(tries(300) / 10);
});

test("each of the 1,152 flipped bits is refused by @noble", () => {
  const bytes = fromHex(packet);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(openByNoble(server, flipped)).toBe(bit < 64 ? "hint" : "tag");
  }
});

/** A request, as this project and as the oracle have it. */
function randomRequest(): { readonly ours: KnockRequest; readonly theirs: OracleRequest } {
  const time = randomInt(2 ** 48 - 1) * randomInt(1, 32);
  const seconds = randomInt(2 ** 24);
  const address = randomBytes(16);
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = [0, 4, 8, 12].map((at) => address.readUInt32BE(at));
  const door = `${randomBytes(6).toString("hex")} é`;
  return {
    ours: {
      ...{ time: knockTime(time), seconds },
      ...{ address: new Address(w0, w1, w2, w3), door: doorId(door) },
    },
    theirs: { time: BigInt(time), seconds, address, door },
  };
}

test("random packets are the same byte for byte, and each side reads those of the other", () => {
  for (let i = 0; i < tries(1000); i++) {
    const random = randomBytes(64);
    const [own, seed] = [random.subarray(0, 32), random.subarray(32)];
    const texts = makeKey(random);
    const { ours, theirs } = randomRequest();
    const slot = randomInt(4);
    const theirPacket = sealByNoble(own, seed, theirs, slot);
    const ourPacket = seal(readKey(texts.key), ours, slot);
    expect(ourPacket.toString("hex")).toBe(Buffer.from(theirPacket).toString("hex"));

    const lock = readLock(texts.lock);
    const opened = openPacket(lock, minuteOf(ours.time), theirPacket);
    if (typeof opened === "string") expect.unreachable(opened);
    expect(isSigned(lock, opened)).toBe(true);
    const publicKey = publicKeyByNoble(seed);
    const clock = { now: theirs.time, freshness: 120_000_000n, used: [] };
    const fields = openByNoble({ secret: own, publicKey, ...clock }, ourPacket);
    if (typeof fields === "string") expect.unreachable(fields);
    const { w0, w1, w2, w3 } = ours.address;
    expect(readFields(fields)).toEqual({ ...ours, address: { w0, w1, w2, w3 } });
    expect(opened.request).toEqual(readFields(fields));
  }
});
