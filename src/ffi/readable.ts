import koffi from "koffi";

/** Handles in use. One that is garbage-collected stops calling back without a word. */
const alive = new Set<ReturnType<typeof koffi.node.poll>>();

/**
 * Calls `task` from the event loop whenever `fd` has something to read, as long as it has
 * (level-triggered: what is left over is told again). The returned function stops it; call it
 * before closing `fd`.
 */
export function whenReadable(fd: number, task: () => void): () => void {
  const handle = koffi.node.poll(fd, { readable: true }, task);
  alive.add(handle);
  return () => {
    if (alive.delete(handle)) handle.close();
  };
}
