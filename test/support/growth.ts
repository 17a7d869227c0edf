import { cpuTime } from "./cpu-time.ts";

/** The least processor time that can be measured well: milliseconds. */
const enough = 2;
const largest = 1 << 20;
const times = 32;

/**
 * Returns the power of the amount with which the processor time of `task` grows: 1 where it takes twice as
 * long for twice as much, 2 where it takes four times as long. The fastest of several tries counts, with an amount that
 * takes long enough to be timed and with 32 times that: short of that what a cache holds makes more of a difference.
 */
export function growth(task: (amount: number) => void): number {
  let amount = 256;
  while (fastest(() => task(amount), 2) < enough && amount < largest) amount *= 2;
  const few = fastest(() => task(amount), 5);
  return Math.log(fastest(() => task(amount * times), 3) / few) / Math.log(times);
}

function fastest(task: () => void, tries: number): number {
  return Math.min(...Array.from({ length: tries }, () => cpuTime(task)));
}
