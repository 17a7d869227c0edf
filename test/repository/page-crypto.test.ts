import { randomBytes } from "node:crypto";
import { types } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { doorId, makeKey, parseKey, readKeyId } from "../../src/knock/keys.ts";
import { knockTime } from "../../src/knock/packet.ts";
import { seal } from "../../src/knock/seal.ts";
import { tries } from "../support/effort.ts";
import { readKey } from "../support/knock-keys.ts";
import { knockVectors } from "../support/knock-vectors.ts";
import { loadPageCrypto } from "../support/page-crypto.ts";

const { readDeviceKey, sealPacket, doorIdOf } = loadPageCrypto();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("the page's own cryptography", () => {
  test("makes the frozen packet", async () => {
    const { time, slot, seconds, door } = knockVectors.input;
    const key = await readDeviceKey(knockVectors.keys.key);
    expect(key).toMatchObject({ id: knockVectors.keys.keyId });
    expect(await doorIdOf(door)).toBe(knockVectors.doorId);
    const address = { w0: 0, w1: 0, w2: 0xffff, w3: 0xc0000207 };
    const request = { time: Number(time), seconds, address, door: knockVectors.doorId };
    expect(hex(await sealPacket(key, request, slot))).toBe(knockVectors.packet);
  });

  test("makes the packets of the client, for any key and request", async () => {
    const word = fc.nat(0xffffffff);
    const requests = fc.record({
      time: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(knockTime),
      seconds: fc.nat(0xffffff),
      address: fc.record({ w0: word, w1: word, w2: word, w3: word }),
      door: fc.string({ unit: "binary" }).map(doorId),
    });
    await fc.assert(
      fc.asyncProperty(requests, fc.nat(3), async (request, slot) => {
        const { key: text } = makeKey(randomBytes(64));
        const [own, theirs] = [await readDeviceKey(text), readKey(text)];
        expect(own).toMatchObject({ id: readKeyId(text) });
        expect(hex(await sealPacket(own, request, slot))).toBe(hex(seal(theirs, request, slot)));
      }),
      { numRuns: tries(200) },
    );
  });

  test("keeps keys that no script can export, and the bytes of none but one", async () => {
    const { key: text } = makeKey(randomBytes(64));
    const key = (await readDeviceKey(text)) as unknown as Readonly<Record<string, unknown>>;
    const kinds = Object.entries(key).map(([name, value]) => [
      name,
      types.isCryptoKey(value) ? value.extractable : typeof value,
    ]);
    expect(Object.fromEntries(kinds)).toEqual({
      ...{ id: "string", bind: "object" },
      ...{ hint: false, seal: false, nonce: false, sign: false },
    });
  });

  test("refuses each text of a key that the client refuses", async () => {
    const { key: text } = makeKey(randomBytes(64));
    const damage = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(..."Ab0-_=+/ \n"));
    const damaged = damage.map(([at, letter]) => text.slice(0, at) + letter + text.slice(at + 1));
    const others = fc.oneof(
      damaged,
      fc.nat(text.length).map((end) => text.slice(0, end)),
    );
    await fc.assert(
      fc.asyncProperty(others, async (other) => {
        const isGood = typeof parseKey(other) !== "string";
        expect((await readDeviceKey(other)) !== "damaged").toBe(isGood);
      }),
      { numRuns: tries(300) },
    );
  });
});
