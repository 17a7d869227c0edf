/** Sends a signal to a process, or to a group (`-group`); nothing happens if it has ended. */
export function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // It has just ended.
  }
}
