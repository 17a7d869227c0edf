import { prctl } from "../ffi/libc.ts";

const PR_SET_DUMPABLE = 4;

/**
 * Lets this process leave no core, whatever its limits and the kernel's pattern say, and keeps debuggers of its own
 * user away. Programs that it starts are not concerned.
 */
export function forbidCoreFiles(): void {
  prctl(PR_SET_DUMPABLE, 0);
}
