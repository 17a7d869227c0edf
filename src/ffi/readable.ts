import koffi from "koffi";

/** A descriptor that the event loop watches. */
export interface Watch {
  /** Not a word until `resume`. */
  pause(): void;
  resume(): void;
  /** The end; call it before closing the descriptor. May be called more than once. */
  close(): void;
}

/** Handles in use. One that is garbage-collected stops calling back without a word. */
const alive = new Set<ReturnType<typeof koffi.node.poll>>();

/**
 * Calls `task` from the event loop whenever `fd` has something to read, as long as it has
 * (level-triggered: what is left over is told again), and the watch is neither paused nor closed.
 */
export function watchReadable(fd: number, task: () => void): Watch {
  const handle = koffi.node.poll(fd, { readable: true }, task);
  alive.add(handle);
  return {
    pause: () => alive.has(handle) && handle.stop(),
    resume: () => alive.has(handle) && handle.start({ readable: true }, task),
    close: () => alive.delete(handle) && handle.close(),
  };
}

/** The same for those who never pause; the returned function is `close`. */
export function whenReadable(fd: number, task: () => void): () => void {
  return watchReadable(fd, task).close;
}
