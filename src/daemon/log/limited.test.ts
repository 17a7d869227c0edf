import { expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { LimitedLog } from "./limited.ts";
import { LogRateLimiter } from "./log-rate-limiter.ts";

test("failed openings count against the quota, whatever else is said does not", () => {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const limited = new LimitedLog(log, new LogRateLimiter(50, clock, log));
  for (let i = 0; i < 100; i++) {
    limited.write({ level: "notice", event: "command", text: "running" });
    limited.write({ level: "error", event: "overload", text: "too many" });
    limited.write({ level: "error", event: "command-exit", text: "failed" });
  }
  clock.advance(1000);
  const times = (event: string) => log.entries.filter((entry) => entry.event === event).length;
  expect(["command", "command-exit", "overload", "left-out"].map(times)).toEqual([100, 100, 48, 1]);
  expect(log.entries.at(-1)?.detail).toEqual({ lines: 52 });
});
