import { readdirSync, readFileSync } from "node:fs";

/** Returns the name of a network interface; `undefined` if it is gone. */
export function nameInterface(index: number): string | undefined {
  try {
    return readdirSync("/sys/class/net").find(
      (name) => Number(readFileSync(`/sys/class/net/${name}/ifindex`, "latin1")) === index,
    );
  } catch {
    return undefined; // The interface is gone, or there is no /sys.
  }
}
