import { adjtimex } from "../ffi/libc.ts";

/** What adjtimex(2) returns if nothing keeps the clock right. */
const TIME_ERROR = 5;

/** More than struct timex takes on any architecture. */
const timexSize = 512;

/** Returns whether a program such as chrony keeps the date of this machine right; `undefined` if the kernel does not say. */
export function isClockSynchronized(): boolean | undefined {
  const state = adjtimex(new Uint8Array(timexSize));
  return state < 0 ? undefined : state !== TIME_ERROR;
}
