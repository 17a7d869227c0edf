import { expect, test } from "vitest";
import type { Who } from "../../test/support/accesses.ts";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { address } from "../../test/support/packets.ts";
import type { AccessRequest } from "./lease.ts";
import { RepeatFilter } from "./repeat-filter.ts";

function make() {
  const clock = new ManualClock();
  const filter = new RepeatFilter(clock);
  const isRepeat = (who: Who = {}, rest = 1000) => filter.isRepeat(request(who, rest));
  return { clock, filter, isRepeat };
}

function request(who: Who, rest: number): AccessRequest {
  return { access: byCommands(who, { stop: undefined }), length: 0, again: "extend", rest };
}

test("a door rests for a source for its time from the run on, however often that knocks", () => {
  const { clock, isRepeat } = make();
  expect(isRepeat()).toBe(false);
  for (let i = 0; i < 9; i++) {
    clock.advance(111);
    expect(isRepeat()).toBe(true);
  }
  expect(isRepeat({ source: address("192.0.2.8") })).toBe(false);
  expect(isRepeat({ nth: 2, source: address("192.0.2.9") })).toBe(false);
  clock.advance(1);
  expect(isRepeat()).toBe(false);
  expect(isRepeat()).toBe(true);
});

test("a door that another one followed for the same source does not rest", () => {
  const { filter, isRepeat } = make();
  expect([isRepeat(), isRepeat({ door: "web" }), isRepeat()]).toEqual([false, false, false]);
  const access = byKernel({ door: "native" });
  expect(filter.isRepeat({ access, length: 1000, again: "extend" })).toBe(false);
  expect(isRepeat()).toBe(false);
});

test("neither a door without rest nor an administrator waits", () => {
  const { isRepeat } = make();
  expect([isRepeat({}, 0), isRepeat({}, 0)]).toEqual([false, false]);
  const knock = undefined;
  expect([isRepeat(), isRepeat({ knock }), isRepeat()]).toEqual([false, false, true]);
});

test("remembers 10,000 sources, the latest", () => {
  const { isRepeat } = make();
  const knock = (i: number) => isRepeat({ source: address(`10.1.${i >> 8}.${i & 255}`) });
  for (let i = 0; i < 20_000; i++) knock(i);
  expect([knock(10_001), knock(19_999), knock(0), knock(9_999)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
