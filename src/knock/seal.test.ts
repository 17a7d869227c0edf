import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { readKey, readLock } from "../../test/support/knock-keys.ts";
import { Address } from "../base/address.ts";
import { wallTime } from "../base/time.ts";
import { hintLength, hintsOf } from "./hint.ts";
import { makeKey } from "./keys.ts";
import { isSigned, openPacket } from "./open.ts";
import type { DoorId, KnockRequest } from "./packet.ts";
import { knockTime, layout, minuteOf, packetLength } from "./packet.ts";
import { PacketSeries, seal } from "./seal.ts";

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

describe("the packets of one process", () => {
  test("bear the time with its offset, and the slots in turn", () => {
    const series = new PacketSeries(() => 678, 3);
    expect(series.next(wallTime(1000))).toEqual({ time: 1_000_678, slot: 3 });
    expect(series.next(wallTime(1000))).toEqual({ time: 1_000_679, slot: 0 });
    expect(series.next(wallTime(2000.9))).toEqual({ time: 2_000_678, slot: 1 });
  });

  test("never bear a time twice, though the clock goes back", () => {
    const walk = fc.array(fc.nat(5).map(wallTime), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(walk, fc.nat(999), fc.nat(3), (walls, offset, slot) => {
        const series = new PacketSeries(() => offset, slot);
        const times = walls.map((wall) => series.next(wall).time);
        expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true);
      }),
      { numRuns: tries(200) },
    );
  });

  test("bear the time of a clock that was set back, with another offset", () => {
    const offsets = [678, 12];
    const series = new PacketSeries(() => offsets.shift() ?? expect.unreachable(), 0);
    expect(series.next(wallTime(600_000)).time).toBe(600_000_678);
    expect(series.next(wallTime(599_001)).time).toBe(600_000_679);
    expect(series.next(wallTime(10_000))).toEqual({ time: 10_000_012, slot: 2 });
    expect(series.next(wallTime(10_000)).time).toBe(10_000_013);
  });
});
