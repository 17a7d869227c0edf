import { printable } from "../../base/text.ts";
import type { NamedKernelDoor } from "../../daemon/configured-kernel-doors.ts";

/** Returns a sentence without a full stop on whether a door opens without knockd. `isProtecting`: a service is protected. */
export function describeKernelDoor(
  { door, opens, why = "unknown" }: NamedKernelDoor,
  isProtecting = true,
): string {
  const name = printable(door);
  if (!opens) return `door ${name} opens only while knockd runs: ${why}`;
  const without = `door ${name} opens also while knockd does not run`;
  return isProtecting
    ? `${without}: the kernel opens it`
    : `${without}, once a service is protected`;
}
