import koffi from "koffi";

const PR_SET_TIMERSLACK = 29;
const CLOCK_REALTIME = 0;

const libc = koffi.load("libc.so.6");
const prctl: (option: number, value: number, a: number, b: number, c: number) => number = libc.func(
  "int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)",
);
const usleep: (microseconds: number) => number = libc.func("int usleep(unsigned int)");
const clockGettime: (clock: number, time: BigInt64Array) => number = libc.func(
  "int clock_gettime(int, void *)",
);

const time = new BigInt64Array(2);

/** Lets this thread sleep as exactly as the kernel can: by default it may oversleep by 0.05 ms. */
export function sleepExactly(): void {
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

/** Blocks the thread, and with it everything else that JavaScript does: microseconds. */
export function block(microseconds: number): void {
  if (microseconds >= 1) usleep(Math.floor(microseconds));
}

/** The date in milliseconds, as exact as the kernel's own time stamps on packets. */
export function wallTime(): number {
  clockGettime(CLOCK_REALTIME, time);
  return milliseconds(time);
}

/** struct timespec in milliseconds. */
export function milliseconds(timespec: BigInt64Array): number {
  return Number(timespec[0] ?? 0n) * 1_000 + Number(timespec[1] ?? 0n) / 1e6;
}
