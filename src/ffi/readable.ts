import koffi from "./koffi.ts";

/** A descriptor that the event loop watches. */
export interface ReadableWatch {
  /** Not a word until `resume`. */
  pause(): void;
  resume(): void;
  /** The end; call it before closing the descriptor. May be called more than once. */
  close(): void;
}

/** Handles in use. One that is garbage-collected stops calling back without a word. */
const alive = new Set<ReturnType<typeof koffi.node.poll>>();

/**
 * Calls `task` from the event loop whenever `fd` has something to read, or an error, as long as it has
 * (level-triggered: what is left over is told again), and the watch is neither paused nor closed.
 */
export function watchReadable(fd: number, task: () => void): ReadableWatch {
  let isPaused = false;
  const start = () => handle.start({ readable: true }, told);
  const told = (status: unknown) => {
    task();
    // libuv ends a watch at an error (uv__poll_io), such as that a netlink socket had too little room for news.
    if (status !== 0 && !isPaused && alive.has(handle)) start();
  };
  const handle = koffi.node.poll(fd, { readable: true }, told);
  alive.add(handle);
  return {
    pause() {
      isPaused = true;
      if (alive.has(handle)) handle.stop();
    },
    resume() {
      isPaused = false;
      if (alive.has(handle)) start();
    },
    close: () => alive.delete(handle) && handle.close(),
  };
}

/** The same for those who never pause; the returned function is `close`. */
export function whenReadable(fd: number, task: () => void): () => void {
  return watchReadable(fd, task).close;
}
