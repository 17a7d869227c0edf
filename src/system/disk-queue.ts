import { TaskSequence } from "../base/task-sequence.ts";
import type { Disk } from "./disk.ts";

/**
 * Returns `disk` with at most two operations under way: one that syncs, which may take long, and one
 * other. A disk that hangs takes two of Node's four threads, and no more, however many files it has.
 */
export function queuedDisk(disk: Disk): Disk {
  const syncs = new TaskSequence();
  const others = new TaskSequence();
  const queue =
    <Args extends unknown[], Result>(operation: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      others.run(() => operation(...args));
  return {
    open: queue(disk.open),
    write: queue(disk.write),
    syncData: (fd) => syncs.run(() => disk.syncData(fd)),
    sync: (fd) => syncs.run(() => disk.sync(fd)),
    close: queue(disk.close),
    chown: queue(disk.chown),
    chmod: queue(disk.chmod),
    readFile: queue(disk.readFile),
    stat: queue(disk.stat),
    rename: queue(disk.rename),
    unlink: queue(disk.unlink),
    readDirectory: queue(disk.readDirectory),
    makeDirectory: queue(disk.makeDirectory),
  };
}
