import { expect, test } from "vitest";
import { monotonic, wallTime } from "../../base/time.ts";
import { PacketClock } from "./packet-clock.ts";

test("runs what is due one moment after the other, those of one moment in their order", () => {
  const clock = new PacketClock();
  clock.startsAt(wallTime(1000));
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} ${clock.now()} ${clock.wall()}`);
  clock.wakeAt(monotonic(30), note("c"));
  clock.wakeAt(monotonic(10), note("a"));
  const cancel = clock.wakeAt(monotonic(20), note("never"));
  clock.wakeAt(monotonic(30), note("d"));
  cancel();
  while (clock.nextDue < Number.POSITIVE_INFINITY) clock.runNext();
  expect(ran).toEqual(["a 10 1010", "c 30 1030", "d 30 1030"]);
  clock.runNext();
  expect(clock.now()).toBe(30);
});

test("never goes back, and what was due before is due now", () => {
  const clock = new PacketClock();
  clock.moveTo(monotonic(50));
  clock.moveTo(monotonic(40));
  clock.wakeAt(monotonic(10), () => {});
  clock.runNext();
  expect(clock.now()).toBe(50);
});
