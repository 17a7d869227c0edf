import fc from "fast-check";
import { expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { readKey, readLock } from "../../test/support/knock-keys.ts";
import { Address } from "../base/address.ts";
import { hintLength, hintsOf } from "./hint.ts";
import { makeKey } from "./keys.ts";
import { isSigned, openPacket } from "./open.ts";
import type { DoorId, KnockRequest } from "./packet.ts";
import { knockTime, layout, minuteOf, packetLength } from "./packet.ts";
import { seal } from "./seal.ts";

const word = fc.nat(0xffffffff);
const requests: fc.Arbitrary<KnockRequest> = fc
  .record({
    time: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(knockTime),
    seconds: fc.nat(0xffffff),
    words: fc.tuple(word, word, word, word),
    door: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .map(({ words, door, ...rest }) => ({
    ...rest,
    address: new Address(...words),
    door: Buffer.from(door).toString("hex") as DoorId,
  }));

test("whatever is sealed is read by the lock, with the hint of its slot", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      requests,
      fc.nat(3),
      (random, request, slot) => {
        const texts = makeKey(random);
        const packet = seal(readKey(texts.key), request, slot);
        expect(packet).toHaveLength(packetLength);
        const lock = readLock(texts.lock);
        const minute = minuteOf(request.time);
        const hints = hintsOf(lock.keys, minute);
        expect(packet.subarray(...layout.hint)).toEqual(
          hints.subarray(slot * hintLength, (slot + 1) * hintLength),
        );
        const opened = openPacket(lock, minute, packet);
        if (typeof opened === "string") expect.unreachable(opened);
        const { w0, w1, w2, w3 } = request.address;
        expect(opened.request).toEqual({ ...request, address: { w0, w1, w2, w3 } });
        expect(isSigned(lock, opened)).toBe(true);
      },
    ),
    { numRuns: tries(100) },
  );
});
