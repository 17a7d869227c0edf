import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { wallTime } from "../base/time.ts";
import { PacketSeries } from "./packet-series.ts";

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
