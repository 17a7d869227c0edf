/**
 * Returns how much processor time this process used while `task` ran: milliseconds. Unlike the time on
 * the clock it does not count the time that other processes take on a busy machine.
 */
export function cpuTime(task: () => void): number {
  const before = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
