import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { RetryTimer } from "./retry-timer.ts";

function startFailing() {
  const clock = new ManualClock();
  const runs: number[] = [];
  const timer = new RetryTimer(clock, () => {
    runs.push(clock.now() / 1000);
    timer.schedule();
  });
  timer.schedule();
  return { clock, runs, timer };
}

test("the pause doubles up to a minute, and only one run is scheduled at a time", () => {
  const { clock, runs, timer } = startFailing();
  timer.schedule();
  clock.advance(200_000);
  expect(runs).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
});

test("a reset cancels the run, and the next pause is the shortest again", () => {
  const { clock, runs, timer } = startFailing();
  clock.advance(3000);
  timer.reset();
  clock.advance(60_000);
  timer.schedule();
  clock.advance(1000);
  expect(runs).toEqual([1, 3, 64]);
});

test("a closed timer runs nothing, whatever is scheduled", () => {
  const { clock, runs, timer } = startFailing();
  timer.close();
  timer.schedule();
  clock.advance(60_000);
  expect(runs).toEqual([]);
});
