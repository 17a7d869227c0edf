/**
 * Returns the processor time that this process has used so far: milliseconds. Unlike the time on the clock
 * it does not count what other processes take of a busy machine.
 */
export function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Returns the processor time that this process used while `task` ran: milliseconds. */
export function cpuTime(task: () => void): number {
  const begin = cpuNow();
  task();
  return cpuNow() - begin;
}
