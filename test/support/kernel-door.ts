import { parseSequence } from "../../src/base/sequence.ts";
import type { KernelDoor } from "../../src/firewall/nftables/kernel-doors.ts";

/** A door to tcp/22 as the kernel has to know it; an empty sequence: it is disabled. */
export function kernelDoor(
  name: string,
  sequence: string,
  more: Partial<KernelDoor> = {},
): KernelDoor {
  const steps = sequence === "" ? [] : parseSequence(sequence);
  if ("problem" in steps) throw new Error(steps.problem);
  return {
    name,
    nth: 1,
    sequence: steps,
    obstacle: undefined,
    timeout: 10_000,
    flags: { mask: 2, value: 2 },
    target: undefined,
    allow: undefined,
    deny: [],
    decoys: [],
    opening: { services: [{ protocol: "tcp", port: 22 }], families: [4, 6], openFor: 30_000 },
    ...more,
  };
}
