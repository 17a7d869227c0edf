import { describe, expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { monotonic } from "./time.ts";

describe("the machine's clock", () => {
  test("never goes back", () => {
    const times = Array.from({ length: 1000 }, () => systemClock.now());
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("wakes when the time has come, never before", async () => {
    const start = systemClock.now();
    const waits = Array.from({ length: 40 }, (_, i) => i * 0.7);
    const early = waits.map(
      (wait) =>
        new Promise<number>((resolve) => {
          const when = start + wait;
          systemClock.wakeAt(monotonic(when), () => resolve(systemClock.now() - when));
        }),
    );
    expect((await Promise.all(early)).filter((late) => late < 0)).toEqual([]);
  });

  test("wakes for a time that has gone by, but not inside the call", async () => {
    let inside = true;
    const woke = new Promise<boolean>((resolve) => {
      systemClock.wakeAt(monotonic(systemClock.now() - 1000), () => resolve(inside));
    });
    inside = false;
    expect(await woke).toBe(false);
  });

  test("does not wake for what was prevented, nor at once for what is weeks away", async () => {
    const woken: string[] = [];
    const now = systemClock.now();
    const prevent = systemClock.wakeAt(now, () => woken.push("prevented"));
    const cancel = systemClock.wakeAt(monotonic(now + 2 ** 32), () => woken.push("weeks away"));
    prevent();
    await new Promise<void>((resolve) => {
      systemClock.wakeAt(monotonic(now + 5), resolve);
    });
    cancel();
    expect(woken).toEqual([]);
  });
});
