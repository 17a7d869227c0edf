/** Aborted by the first Ctrl-C; a second one ends the process. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => interrupted.abort());
  }
  return interrupted.signal;
}
