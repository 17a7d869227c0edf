import { monotonic, wallTime } from "../../src/base/time.ts";
import type { ClockReading } from "../../src/grant/journal/record.ts";

interface PlainReading {
  readonly boot: string;
  readonly now: number;
  readonly wall: number;
}

export function clockReading({ boot, now, wall }: PlainReading): ClockReading {
  return { boot, now: monotonic(now), wall: wallTime(wall) };
}
