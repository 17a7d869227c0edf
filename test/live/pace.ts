/** Milliseconds that a small program usually takes to start. */
const usual = 250;

/**
 * Runs `start`, which starts a small program, and returns how many times as long as usual that took, at least 1.
 * Where it is more, this machine does other work: what ends by itself in a test must last so much longer.
 */
export async function paceOf(start: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await start();
  return Math.max(1, (performance.now() - begin) / usual);
}
