import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import type { LiveHost } from "./host.ts";

const CLONE_NEWNET = 0x40000000;

/**
 * Puts the test itself on a host: the sockets that it opens and the programs that it starts from now
 * on are in the host's network namespace. The returned function takes it back.
 */
export function enter(host: LiveHost): () => void {
  // setns(2) is about the calling thread alone: threads that Node already has stay where they are.
  const setns: (fd: number, kind: number) => number = koffi
    .load("libc.so.6")
    .func("int setns(int, int)");
  const home = openSync("/proc/thread-self/ns/net", "r");
  const move = (fd: number) => {
    const result = setns(fd, CLONE_NEWNET);
    closeSync(fd);
    if (result !== 0) throw new Error(`cannot enter the namespace of ${host.name}`);
  };
  move(openSync(`/run/netns/${host.namespace}`, "r"));
  return () => move(home);
}
