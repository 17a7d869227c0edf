import { readlinkSync } from "node:fs";

/** Returns the network namespace of this process, such as `net:[4026531840]`; `undefined` if that cannot be told. */
export function networkNamespace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return undefined;
  }
}
