import { stat } from "node:fs";

/** libuv has 4 by default: disks that hang could take them all, and name servers half of them. */
const threads = 8;

const variable = "UV_THREADPOOL_SIZE";

/**
 * Makes Node's pool of threads larger, unless the environment says how large it is to be. Call it before
 * anything else uses the pool. Commands do not inherit the size.
 */
export function enlargeThreadPool(): void {
  if (process.env[variable] !== undefined) return;
  process.env[variable] = String(threads);
  // The first task makes the threads.
  stat("/", () => {});
  delete process.env[variable];
}
