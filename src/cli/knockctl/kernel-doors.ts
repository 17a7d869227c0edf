import { printable } from "../../base/text.ts";
import type { NamedKernelDoor } from "../../daemon/configured-kernel-doors.ts";

/** Returns a sentence without a full stop on whether a door opens without knockd. */
export function describeKernelDoor({ door, opens, why = "unknown" }: NamedKernelDoor): string {
  const name = printable(door);
  return opens
    ? `door ${name} opens also while knockd does not run: the kernel opens it`
    : `door ${name} opens only while knockd runs: ${why}`;
}
