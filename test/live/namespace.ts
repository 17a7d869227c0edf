import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { promisify } from "node:util";
import koffi from "koffi";
import type { LiveHost } from "./host.ts";

const CLONE_NEWNET = 0x40000000;

const setns = koffi.load("libc.so.6").func("int setns(int, int)");

/** This thread, and those of Node's pool, which start programs. */
const threadsToMove = 1 + Number(process.env["UV_THREADPOOL_SIZE"] ?? 4);

/**
 * Puts this thread on a host: the sockets that it opens from now on are in the host's network namespace.
 * The returned function takes it back. setns(2) is about the calling thread alone.
 */
export function enterAlone(host: LiveHost): () => void {
  const home = openSync("/proc/thread-self/ns/net", "r");
  moveThread(openSync(`/run/netns/${host.namespace}`, "r"));
  return () => moveThread(home);
}

function moveThread(fd: number): void {
  const result = setns(fd, CLONE_NEWNET);
  closeSync(fd);
  if (result !== 0) throw new Error("cannot enter the network namespace");
}

/** As `enterAlone`, with the threads of Node's pool: the programs that they start are on the host, too. */
export async function enter(host: LiveHost): Promise<() => Promise<void>> {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${host.namespace}`, "r");
  await move(there, (moved) => moved.length === threadsToMove);
  const tids = threadsIn(here());
  return async () => {
    await move(home, (moved) => tids.every((tid) => moved.includes(tid)));
  };
}

/** Moves this thread and others until it is enough. */
async function move(fd: number, isEnough: (tids: readonly string[]) => boolean): Promise<void> {
  moveThread(openSync(`/proc/self/fd/${fd}`, "r"));
  const inPool = promisify(setns.async);
  // A thread of the pool may take several calls, and another none.
  while (!isEnough(threadsIn(here()))) {
    await Promise.all(Array.from({ length: 16 }, () => inPool(fd, CLONE_NEWNET)));
  }
  closeSync(fd);
}

/** The network namespace of this thread. */
function here(): string {
  return readlinkSync("/proc/thread-self/ns/net");
}

function threadsIn(namespace: string): string[] {
  return readdirSync("/proc/self/task").filter((tid) => {
    try {
      return readlinkSync(`/proc/self/task/${tid}/ns/net`) === namespace;
    } catch {
      return false; // It has ended.
    }
  });
}
